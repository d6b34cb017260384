"""Where the listeners are, and the local index."""

TCP, ASKED_FOR, UDP = 9000, 9001, 9053  # listeners beside the container; the tests ask for 9001 alone
DATAGRAMS = "/run/zz-datagrams"  # a UNIX socket of another program, open to all


def local_index_ports():
    """Where something listens on loopback that is none of the listeners."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in list(table)[1:]]
    ports = {int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and row[1].startswith("0100007F")}
    return sorted(port for port in ports - {TCP, ASKED_FOR, UDP, 8000} if 20_000 <= port < 32_000)
