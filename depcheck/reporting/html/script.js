"use strict";
// Filters and sorting. Without this script the page shows everything, in the order of interest.
for (const form of document.querySelectorAll("form.filters")) {
  const rows = [...document.getElementById(form.dataset.for).tBodies[0].rows];
  const apply = () => {
    const { words, jump, kind, direct } = form.elements;
    const wanted = words.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      row.hidden = !(
        row.textContent.toLowerCase().includes(wanted) &&
        (!jump.value || row.dataset.jump === jump.value) &&
        (!kind.value || row.dataset.kind === kind.value) &&
        (!direct.checked || row.dataset.direct === "yes")
      );
      shown += !row.hidden;
    }
    form.querySelector("output").textContent = `${shown} of ${rows.length} shown`;
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  apply();
}
const collator = new Intl.Collator("en", { numeric: true });
for (const table of document.querySelectorAll("table.drift")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const each of heads) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...table.tBodies[0].rows];
      rows.sort((one, other) => collator.compare(one.cells[column].textContent, other.cells[column].textContent));
      table.tBodies[0].append(...(down ? rows.reverse() : rows));
    });
  });
}
