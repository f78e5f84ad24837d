/** The simulated shell: scripts, and what they write. Exit code, output and errors between bars. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newTestNode } from './test-node.ts';

let node: Awaited<ReturnType<typeof newTestNode>>;
let container: string;
beforeAll(async () => {
  node = await newTestNode();
  container = await node.run('busybox', { command: ['sleep', 'infinity'] });
});
afterAll(() => node.runtime.stop());

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: they are the shell's
const scripts: [script: string, expected: string][] = [
  ['echo a  b; echo "a  b"', '0|a b\na  b\n|'],
  ['x=1; echo $x ${x}2 "${y:-none}" ${#x}', '0|1 12 none 1\n|'],
  ['x=a.b.c; echo ${x%.*} ${x%%.*} ${x#*.} ${x##*.}', '0|a.b a b.c c\n|'],
  ['echo \'$x\' "\\$x" \\$x', '0|$x $x $x\n|'],
  ['echo $(echo in $(echo deep)) `echo old`', '0|in deep old\n|'],
  ['echo $((2 + 3 * 4)) $(( (1+1) * 10 % 7 ))', '0|14 6\n|'],
  ['true && echo yes || echo no; false && echo yes || echo no', '0|yes\nno\n|'],
  ['! true; echo $?', '0|1\n|'],
  ['echo one; exit 3; echo two', '3|one\n|'],
  ['for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done', '0|1\n3\n|'],
  ['i=0; while true; do i=$((i+1)); [ $i -ge 3 ] && break; done; echo $i', '0|3\n|'],
  ['until [ -f /tmp/u ]; do touch /tmp/u; done; ls /tmp/u', '0|/tmp/u\n|'],
  ['if false; then echo a; elif true; then echo b; else echo c; fi', '0|b\n|'],
  ['case file.txt in *.md) echo m;; *.txt|*.log) echo t;; esac', '0|t\n|'],
  ['f() { echo "$1-$#"; return 4; }; f x y; echo $?', '0|x-2\n4\n|'],
  ['printf "%s=%03d\\n" a 7 b 12', '0|a=007\nb=012\n|'],
  ['printf "a\\nb\\nc\\n" | grep -v b | wc -l', '0|2\n|'],
  ['seq 5 | head -n 2 | tail -n 1', '0|2\n|'],
  ['echo x > /tmp/f; echo y >> /tmp/f; cat < /tmp/f', '0|x\ny\n|'],
  ['ls /nope 2>/dev/null || echo none', '0|none\n|'],
  ['nosuch 2>&1; echo $?', '0|sh: nosuch: not found\n127\n|'],
  ['/bin/nosuch', '127||sh: /bin/nosuch: not found\n'],
  ['cat <<EOF\n$((1+1))\nEOF\ncat <<"EOF"\n$x\nEOF', '0|2\n$x\n|'],
  ['(cd /tmp; pwd); pwd', '0|/tmp\n/\n|'],
  ['set -e; false; echo never', '1||'],
  ['set -- a b c; shift; echo $1 $#; for x; do echo $x; done', '0|b 2\nb\nc\n|'],
  ['trap "echo bye" EXIT; echo hi', '0|hi\nbye\n|'],
  ['sleep 5 & p=$!; kill $p; wait $p; echo $?', '0|143\n|'],
  ['A=1 env | grep ^A=; echo "[$A]"', '0|A=1\n[]\n|'],
  ["export B=2; sh -c 'echo $B'", '0|2\n|'],
  ['echo "a b" | while read x y; do echo $y $x; done', '0|b a\n|'],
  ['echo hello | tr a-z A-Z | sed s/L/_/g', '0|HE__O\n|'],
  [
    'mkdir -p /tmp/d/e && touch /tmp/d/e/f && find /tmp/d -type f && rm -r /tmp/d && ls /tmp/d',
    '1|/tmp/d/e/f\n|ls: /tmp/d: No such file or directory\n',
  ],
  ['cd /etc; ls *.conf', '0|resolv.conf\n|'],
  ['echo aGk= | base64 -d', '0|hi|'],
  ['printf abc | sha256sum | cut -c1-8', '0|ba7816bf\n|'],
  ['date -d @0 +%Y-%m-%dT%H:%M:%S', '0|1970-01-01T00:00:00\n|'],
  ['hostname; id -u; whoami', '0|web\n0\nroot\n|'],
  [
    'mkdir /tmp/t; echo 1 > /tmp/t/a; tar cf - -C /tmp t | (mkdir /tmp/o; tar xf - -C /tmp/o); cat /tmp/o/t/a',
    '0|1\n|',
  ],
  ['timeout 2 sleep 10; echo $?', '0|124\n|'],
  ['yes | head -n 2', '0|y\ny\n|'],
  ['if', '2||sh: syntax error: unexpected end of file (expecting "then")\n'],
];
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: they are the shell's

describe('sh', () => {
  it.each(scripts)('%s', async (script, expected) => {
    expect(await node.sh(container, script)).toBe(expected);
  });

  it('lets no loop run for nothing', async () => {
    const running = node.runtime.execSync({
      containerId: container,
      cmd: ['sh', '-c', 'while true; do :; done'],
      timeout: 1,
    });
    const refusal = running.catch((error: Error) => error.message);
    await node.clock.advance(1000);
    expect(await refusal).toContain('timeout 1s exceeded');
  });
});
