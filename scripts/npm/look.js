// Opens pages in Chromium, light and dark, wide and on a phone, and prints what is wrong with them as JSON:
//
//   node look.js CHROMIUM [--shots FOLDER] PAGE...
//
// Violations of axe-core, what reaches out to a network, what the page itself complains about, and what is wider than
// the screen. Also how many rows of changes the filter leaves for the word "zzz", and without JavaScript.
const { readFileSync } = require("node:fs");
const { basename, join } = require("node:path");
const { pathToFileURL } = require("node:url");
const { chromium } = require("playwright-core");

const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const VIEWS = [
  { name: "light", viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  { name: "dark", viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  { name: "phone", viewport: { width: 390, height: 844 }, colorScheme: "light", isMobile: true },
  { name: "phone-dark", viewport: { width: 390, height: 844 }, colorScheme: "dark", isMobile: true },
];

async function opened(browser, file, view, javaScriptEnabled = true) {
  const context = await browser.newContext({ ...view, javaScriptEnabled, bypassCSP: false });
  const page = await context.newPage();
  const wrong = [];
  page.on("request", (request) => request.url().startsWith("file:") || wrong.push(`asks for ${request.url()}`));
  page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
  page.on("pageerror", (error) => wrong.push(String(error)));
  await page.goto(pathToFileURL(file).href);
  return { page, wrong, context };
}

async function violations(page) {
  // Through the debugger: the page's own policy would refuse it as a script element.
  await page.evaluate(AXE);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 160))}`);
}

async function looked(browser, file, view, shots) {
  const { page, wrong, context } = await opened(browser, file, view);
  await page.evaluate(() => document.querySelectorAll("details").forEach((each) => (each.open = true)));
  const axe = await violations(page);
  const wide = (await page.evaluate(() => document.documentElement.scrollWidth)) - view.viewport.width;
  if (shots) {
    await page.evaluate(() => document.querySelectorAll("details").forEach((each) => (each.open = false)));
    await page.screenshot({ path: join(shots, `${basename(file, ".html")}-${view.name}.png`), fullPage: true });
  }
  await context.close();
  return { file: basename(file), view: view.name, axe, wrong, wide: Math.max(0, wide) };
}

async function used(browser, file) {
  const { page, wrong, context } = await opened(browser, file, VIEWS[0]);
  const filter = page.locator("form.filters input[type=search]").first();
  let left = null;
  if (await filter.count()) {
    for (let i = 0; i < 40 && !(await filter.evaluate((each) => each === document.activeElement)); i++)
      await page.keyboard.press("Tab");
    await page.keyboard.type("zzz");
    left = await page.locator("table.drift").first().locator("tbody tr:visible").count();
  }
  await context.close();
  const plain = await opened(browser, file, VIEWS[0], false);
  const rows = await plain.page.locator("table.drift tbody tr:visible").count();
  const forms = await plain.page.locator("form.filters:visible").count();
  await plain.context.close();
  return { file: basename(file), view: "keyboard", left, rows, forms, wrong };
}

async function main([executablePath, ...words]) {
  const shots = words[0] === "--shots" ? words.splice(0, 2)[1] : "";
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const found = [];
  for (const file of words) {
    for (const view of VIEWS) found.push(await looked(browser, file, view, shots));
    found.push(await used(browser, file));
  }
  await browser.close();
  console.log(JSON.stringify(found, null, 1));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
