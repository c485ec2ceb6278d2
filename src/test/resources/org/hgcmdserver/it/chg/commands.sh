# Runs commands with the program $1, and writes what each says into the directory "results". The name of the
# working directory has a blank and bytes that are not UTF-8.
hg=$1
results=$PWD/results
mkdir "$results"
work=$(printf 'work \351\377')
mkdir "$work"
cd "$work"
# run NAME COMMAND...
run() {
    name=$1
    shift
    "$@" >"$results/$name.out" 2>"$results/$name.err"
    echo $? >"$results/$name.status"
}
exec </dev/null
(umask 027 && run init "$hg" init repo && stat -c %a repo repo/.hg >"$results/modes")
cd repo
echo a >a
mkdir sub
echo b >sub/b
run add "$hg" add -v
run commit env HGUSER='me <m@example.org>' "$hg" commit -d '0 0' -m 'the first'
run root "$hg" root
echo c >>a
run no-message env HGEDITOR=true "$hg" commit -d '0 0' -m ''
run editor env HGEDITOR='f() { cat "$1"; pwd; echo from the editor >"$1"; }; f' "$hg" commit -d '0 0' -u u
run log "$hg" log -v -T '{rev}:{node} {author} {desc}\n'
run colour env -u HGPLAIN TERM=xterm "$hg" log --color always
run plain env HGPLAIN=1 "$hg" log
run bytes env LC_ALL=C "$hg" log -T "$(printf 'x\377\n{desc}\ny')"
run argument "$hg" log -r ''
(cd sub && run relative "$hg" status --all)
run cwd "$hg" --cwd sub status --all
run no-cwd "$hg" --cwd missing status
run no-repository "$hg" -R missing log
run no-repository-needed "$hg" -R missing version -q
(cd / && run outside "$hg" status)
run unknown "$hg" nosuch
run revset "$hg" log -r 'no such'
run detailed "$hg" --config ui.detailed-exit-code=yes log -r 'no such'
run config "$hg" config
run option "$hg" --config ui.x=y config ui
# _ and SHLVL are the shell's; a new chg sets CHGHG
run alias "$hg" --config 'alias.where=!pwd; umask; env | grep -av -e ^_= -e ^SHLVL= -e ^CHGHG= | sort' where
run alias-status "$hg" --config 'alias.fail=!exit 3' fail
cat >"$results/order.py" <<'END'
import os
def show(ui, **kwargs):
    # a new chg sets CHGHG
    ui.write(b' '.join(name for name in os.environb if name not in (b'CHGHG', b'_')) + b'\n')
END
run order env A=1 HGPLAIN=1 B=2 "$hg" --config hooks.pre-version="python:$results/order.py:show" version -q
run hook "$hg" --config hooks.pre-tip='echo "hook in $PWD"; env | grep ^HG' tip
run time "$hg" --config ui.timestamp-output=no bookmark one
"$hg" export 1 >"$results/patch"
"$hg" update -q 0
run stdin "$hg" import --bypass -d '0 0' - <"$results/patch"
run pipe sh -c '"$1" log | head -n 1' sh "$hg"
echo '[extensions' >"$results/broken.rc"
run unparsable env HGRCPATH="$results/broken.rc" "$hg" log
run unparsable-detailed env HGRCPATH="$results/broken.rc" "$hg" --config ui.detailed-exit-code=yes log
printf '[extensions]\nnosuch =\nrebase =\n[alias]\nl = log -T "{rev} {desc}\\n"\n' >"$results/own.rc"
for n in 1 2; do
    run extension-$n env HGRCPATH="$results/own.rc" "$hg" l
done
printf '[extensions]\nstrip =\n' >>.hg/hgrc
run repository-extension "$hg" help strip
run required "$hg" --config extensions.nosuch:required=yes --config extensions.nosuch= log
run traceback "$hg" --traceback log -r 'no such'
run interactive "$hg" --config ui.interactive=yes --config extensions.record= commit -i
cat >"$results/fork.py" <<'END'
import os, sys
from mercurial import registrar
cmdtable = {}
command = registrar.command(cmdtable)
@command(b'fork', [], b'[HOW]', norepo=True)
def fork(ui, how):
    ui.flush()
    pid = os.fork()
    if not pid:
        if how == b'raise':
            raise RuntimeError
        ui.system(b'echo in a child')
        sys.exit(7)
    ui.write(b'%d\n' % os.waitpid(pid, 0)[1])
END
run fork "$hg" --config extensions.fork="$results/fork.py" fork exit
# the traceback names other files
run fork-raise sh -c '"$@" 2>/dev/null' sh "$hg" --config extensions.fork="$results/fork.py" fork raise
run stop "$hg" serve --cmdserver nosuch
cd "$results/.."
mv "$work" "$results/work"
