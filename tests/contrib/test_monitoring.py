"""The dashboard and the alert rules use metrics that the server has."""

import json
import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

from chatd.daemon.metrics import ServerMetrics, StoreHealth

CONTRIB = Path(__file__).parents[2] / "contrib"
_METRIC = re.compile(r"\b(?:chatd|process)_[a-z_]+\b")


@pytest.fixture
def metrics(server):
    """Return the names of the metrics of a server."""
    service = server.service
    registry = CollectorRegistry()
    registry.register(
        ServerMetrics(
            chat=service.chat,
            sessions=service.sessions,
            bus=service.bus,
            fanout=service.fanout,
            writer=service.writer,
            counters=service.counters,
            lost_log_lines=lambda: 0,
            store_size=service.consoles.context.store_size,
        )
    )
    StoreHealth(lambda: None, registry)
    ProcessCollector(registry=registry)
    text = generate_latest(registry).decode()
    # A memory store has no size.
    return {line.split()[2] for line in text.splitlines() if line.startswith("# HELP")} | {
        "chatd_store_bytes"
    }


def expressions():
    """Return the expressions of both files, each with the file's name."""
    dashboard = json.loads((CONTRIB / "grafana-dashboard.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield target["expr"]
    yield from re.findall(r"^ +expr: (.+)$", (CONTRIB / "alerts.yml").read_text(), re.MULTILINE)


def test_the_metrics_exist(metrics):
    """Each metric that an expression names is one of the server's."""
    used = {name for expression in expressions() for name in _METRIC.findall(expression)}
    assert len(used) > 15
    assert used - metrics == set()


def test_each_metric_of_the_server_is_shown(metrics):
    """The dashboard and the rules leave no metric of chatd out but its version."""
    used = {name for expression in expressions() for name in _METRIC.findall(expression)}
    ours = {name for name in metrics if name.startswith("chatd_")}
    assert ours - used == {"chatd_info"}


def test_each_rule_is_complete():
    """Each rule has a name of its own, an expression, a severity and a summary."""
    rules = (CONTRIB / "alerts.yml").read_text().split("- alert: ")[1:]
    names = [rule.split()[0] for rule in rules]
    assert len(names) == len(set(names)) > 5
    for rule in rules:
        assert re.search(r"^ +expr: \S", rule, re.MULTILINE)
        assert re.search(r"severity: (warning|critical)}", rule)
        assert re.search(r"^ +summary: [A-Zc].*\.$", rule, re.MULTILINE)
