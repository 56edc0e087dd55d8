"""The options of the command line, and the list of servers."""

import dataclasses

import pytest

from bench.__main__ import QUICK, plan
from bench.rounds import Length
from bench.scenarios import SCENARIOS, Kind
from bench.servers import PEERS, SERVERS


def _names(items):
    return [item.name for item in items]


def _measured(scenario):
    return [name for name, server in SERVERS.items() if scenario in server.scenarios]


def test_all_is_measured_by_default():
    """The default is every scenario with every server, in three rounds."""
    chosen = plan([])
    assert _names(chosen.scenarios) == list(SCENARIOS)
    assert _names(chosen.servers) == list(SERVERS)
    assert chosen.length == Length(rounds=3, seconds=5)


def test_scenarios_and_servers_can_be_chosen():
    """Both options may be repeated; a name given twice is measured once."""
    words = "--scenario C --scenario A --scenario C --server redis --rounds 2 --seconds 1"
    chosen = plan(words.split())
    assert _names(chosen.scenarios) == ["C", "A"]
    assert _names(chosen.servers) == ["redis"]
    assert chosen.length == Length(rounds=2, seconds=1)


def test_quick_is_short():
    """The option --quick means four scenarios, chatd and the floor, and one round."""
    chosen = plan(["--quick"])
    assert _names(chosen.scenarios) == ["A", "B", "C", "D"]
    assert _names(chosen.servers) == ["chatd", "floor"]
    assert chosen.length == QUICK


@pytest.mark.parametrize(
    "words",
    [["--rounds", "0"], ["--scenario", "Z"], ["--server", "x"], ["--json", "/no/such/file"]],
)
def test_invalid_options(words, capsys):
    """The program exits with a line on the error, before it measures anything."""
    with pytest.raises(SystemExit) as ended:
        plan(words)
    assert ended.value.code == 2
    assert words[0].strip("-") in capsys.readouterr().err or "directory" in words[1]


def test_a_missing_package_is_named():
    """A peer that is not installed is reported with the command that installs it."""
    absent = dataclasses.replace(SERVERS["redis"], package="no-such-server")
    assert "apt install no-such-server" in absent.why_not()


def test_the_scenarios_are_of_three_kinds():
    """A window measures the rate, a rate measures the latency, and neither measures joins."""
    kinds = {name: scenario.kind for name, scenario in SCENARIOS.items()}
    assert [name for name in kinds if kinds[name] is Kind.LATENCY] == ["E", "F", "G"]
    assert [name for name in kinds if kinds[name] is Kind.STORM] == ["H"]


def test_a_mixed_scenario_is_for_chatd_alone():
    """The other servers have one protocol, and so has the server for comparison."""
    mixed = SCENARIOS["J"]
    assert _measured("J") == ["chatd", "chatd-memory", "chatd-nul"]
    assert _measured("L") == ["chatd-irc", "chatd-irc-memory", "chatd-nul"]
    assert SERVERS["chatd"].load(mixed)["protocols"] == "nul,lines"
    assert SERVERS["chatd-nul"].load(mixed) == {"protocols": "nul", "json": 0, "at_once": 32}


def test_members_on_irc():
    """All members use IRC in K, with chatd or another server; chatd on NUL is for comparison."""
    chatd = ["chatd", "chatd-memory", "chatd-irc", "chatd-irc-memory"]
    assert _measured("K") == [*chatd, "ngircd", "inspircd"]
    protocols = [SERVERS[name].load(SCENARIOS["K"])["protocols"] for name in _measured("K")]
    assert protocols == ["nul", "nul", "irc", "irc", "irc", "irc"]


def test_sets_of_capabilities():
    """Half of the members use IRC in L, and eight of them in a row have all eight sets."""
    protocols = SERVERS["chatd-irc"].load(SCENARIOS["L"])["protocols"].split(",")
    assert protocols[::2] == ["nul"] * 8
    assert protocols[1::2] == [f"irc{number}" for number in range(1, 9)]


def test_chatd_listens_for_irc_where_that_is_measured(tmp_path):
    """The other servers have no IRC port, which would cost memory and time."""
    with_irc = [name for name, server in SERVERS.items() if "--irc" in server.command(tmp_path, 1)]
    assert with_irc == ["chatd-irc", "chatd-irc-memory"]
    assert with_irc == [name for name, server in SERVERS.items() if server.irc_port]


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_is_configured_for_the_port(name, tmp_path):
    """Its configuration has the port, and its command names the configuration."""
    command = SERVERS[name].command(tmp_path, 54321)
    [configuration] = tmp_path.iterdir()
    assert str(configuration) in command
    assert "54321" in configuration.read_text()
