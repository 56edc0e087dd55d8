# Summarizes samples of the server, as `py-spy record --format raw` writes them; see
# docs/performance.md.
/Condition.wait/ || /doPoll [^;]*$/ { next }  # a thread that waits uses no time
{ n = $NF; all += n }
/HistoryWriter|Sqlite|Worker/           { history += n; next }
/SocketSendQueue.write/                 { write += n; next }
/RoomBuffer/                            { encode += n; next }
/Fanout.flush/                          { loop += n; next }
/Session.receive/                       { say += n; next }
/EpollReader.doRead/                    { read += n; next }
                                        { rest += n }
function percent(part, n) { printf "%-40s%3d %%\n", part, 100 * n / all + 0.5 }
END {
    percent("writing to sockets", write)
    percent("reading from sockets, framing", read)
    percent("rules, numbers, batches", say)
    percent("encoding, joining", encode)
    percent("the loop over members", loop)
    percent("history", history)
    percent("the reactor", rest)
}
