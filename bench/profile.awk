# Sums up samples of the server, as `py-spy record --format raw` writes them: see docs/performance.md.
/Condition.wait/ || /doPoll [^;]*$/ { next }  # who waits does nothing
{ n = $NF; all += n }
/Recorder|SqliteLink|Worker/ { history += n; next }
/PlainOutlet.write/          { write += n; next }
/Batch/                      { encode += n; next }
/Delivery.flush/             { loop += n; next }
/Session.receive/            { say += n; next }
/Sockets.doRead/             { read += n; next }
                             { rest += n }
function percent(what, n) { printf "%-40s%3d %%\n", what, 100 * n / all + 0.5 }
END {
    percent("writing to sockets", write)
    percent("reading from sockets, cutting frames", read)
    percent("rules, numbers, batches", say)
    percent("encoding, joining", encode)
    percent("the loop over members, their shares", loop)
    percent("history", history)
    percent("the reactor", rest)
}
