# Sums up samples of the server, as `py-spy record --format raw` writes them: see docs/performance.md.
{ n = $NF; all += n }
/SqliteLink.run|SqlStore.keep/ { history += n; next }
/PlainOutlet.write/            { write += n; next }
/Batch.tape/                   { encode += n; next }
/Delivery.flush/               { loop += n; next }
/Session.receive/              { say += n; next }
/Sockets.doRead/               { read += n; next }
                               { rest += n }
END { printf "writing to sockets %d %%\nreading from sockets, cutting frames %d %%\nrules, numbers, batches %d %%\n" \
             "encoding %d %%\nthe loop over members %d %%\nhistory %d %%\nthe rest %d %%\n",
      100*write/all+.5, 100*read/all+.5, 100*say/all+.5, 100*encode/all+.5, 100*loop/all+.5,
      100*history/all+.5, 100*rest/all+.5 }
