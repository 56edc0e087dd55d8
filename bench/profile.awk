# Sums up samples of the server, as `py-spy record --format raw` writes them: see docs/performance.md.
{ n = $NF; all += n }
/DirectOutlet.write/ { write += n; next }
/Batch.tape/         { encode += n; next }
/Delivery.flush/     { loop += n; next }
                     { come += n }
END { printf "writing %d %%\nwhat comes in %d %%\nencoding %d %%\nthe loop over members %d %%\n",
      100*write/all+.5, 100*come/all+.5, 100*encode/all+.5, 100*loop/all+.5 }
