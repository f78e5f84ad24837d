/**
 * A node, its pods and a client as network namespaces of this kernel; real packets through real rules.
 *
 * Runs in namespaces of its own (`unshare -rnm node lab.mjs`), so that it needs no root and leaves
 * nothing behind. Reads `{ rules, attempts }` in JSON from standard input and prints what became
 * of each attempt. `here` is an agent inside one of the namespaces.
 */

import { execFileSync, spawn } from 'node:child_process';
import dgram from 'node:dgram';
import net from 'node:net';
import { createInterface } from 'node:readline';

const PODS = ['10.244.1.2', '10.244.1.3', '10.244.1.4'];
const PORTS = { tcp: 8080, udp: 5353 };
const TIMEOUT_MS = 700;

if (process.argv[2] === 'here') await agent(process.argv[3]);
else await lab();

async function lab() {
  const { rules, attempts } = JSON.parse(await readAll(process.stdin));
  layOut();
  for (const text of rules) inside('node', ['iptables-restore', '--noflush'], text);
  const saved = inside('node', ['iptables-save']);
  const agents = new Map(['node', 'client', 'p2', 'p3', 'p4'].map((name) => [name, start(name)]));
  await Promise.all([...agents.values()].map(({ isReady }) => isReady));
  const results = [];
  const ask = async (name, agent) => {
    for (const [i, { from, ...attempt }] of attempts.entries()) {
      if (from === name) results[i] = await agent.ask(attempt);
    }
  };
  await Promise.all([...agents].map(([name, agent]) => ask(name, agent)));
  for (const { child } of agents.values()) child.kill();
  process.stdout.write(JSON.stringify({ saved, results }), () => process.exit(0));
}

function layOut() {
  ip('mount', ['-t', 'tmpfs', 'none', '/run'], '');
  for (const name of ['node', 'client', 'p2', 'p3', 'p4']) {
    ip('ip', ['netns', 'add', name]);
    inside(name, ['ip', 'link', 'set', 'lo', 'up']);
    const forwards = name === 'node' ? 1 : 0;
    inside(name, ['sh', '-c', `echo ${forwards} > /proc/sys/net/ipv4/ip_forward`]);
    // Every packet that is rejected shall be answered, however many there are.
    inside(name, ['sh', '-c', 'echo 0 > /proc/sys/net/ipv4/icmp_ratelimit']);
  }
  for (const [i, address] of PODS.entries()) {
    const [device, pod] = [`veth${i + 2}`, `p${i + 2}`];
    inside('node', [
      'ip',
      'link',
      'add',
      device,
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      pod,
    ]);
    inside('node', ['ip', 'addr', 'add', '10.244.1.1/32', 'dev', device]);
    inside('node', ['ip', 'link', 'set', device, 'up']);
    inside(pod, ['ip', 'addr', 'add', `${address}/32`, 'dev', 'eth0']);
    inside(pod, ['ip', 'link', 'set', 'eth0', 'up']);
    inside(pod, ['ip', 'route', 'add', '10.244.1.1', 'dev', 'eth0', 'scope', 'link']);
    inside(pod, ['ip', 'route', 'add', 'default', 'via', '10.244.1.1']);
    inside('node', ['ip', 'route', 'add', address, 'dev', device, 'src', '10.244.1.1']);
  }
  inside('node', [
    'ip',
    'link',
    'add',
    'eth0',
    'type',
    'veth',
    'peer',
    'name',
    'eth0',
    'netns',
    'client',
  ]);
  for (const [name, address, gateway] of [
    ['node', '192.0.2.1/24', '192.0.2.2'],
    ['client', '192.0.2.2/24', '192.0.2.1'],
  ]) {
    inside(name, ['ip', 'addr', 'add', address, 'dev', 'eth0']);
    inside(name, ['ip', 'link', 'set', 'eth0', 'up']);
    inside(name, ['ip', 'route', 'add', 'default', 'via', gateway]);
  }
}

function ip(program, args, input = '') {
  return execFileSync(program, args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
}

function inside(name, args, input = '') {
  return ip('ip', ['netns', 'exec', name, ...args], input);
}

function start(name) {
  const words = ['netns', 'exec', name, process.execPath, import.meta.filename, 'here', name];
  const child = spawn('ip', words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    isReady: lines.next(),
    ask: async (request) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return JSON.parse((await lines.next()).value);
    },
  };
}

/** Answers everybody with its name and whom it sees, and makes attempts. */
async function agent(name) {
  const seen = (ip) => JSON.stringify({ by: name, source: ip.replace('::ffff:', '') });
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.end(seen(socket.remoteAddress ?? ''));
  });
  const socket = dgram.createSocket('udp4');
  socket.on('message', (_, { address, port }) => socket.send(seen(address), port, address));
  await new Promise((done) => server.listen(PORTS.tcp, '0.0.0.0', done));
  await new Promise((done) => socket.bind(PORTS.udp, '0.0.0.0', done));
  console.log('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    const { to, protocol, times } = JSON.parse(line);
    const [host, port] = to.split(':');
    const attempt = protocol === 'UDP' ? tryUdp : tryTcp;
    const all = [];
    for (let i = 0; i < times; i++) all.push(await attempt(host, Number(port)));
    console.log(JSON.stringify(all));
  }
}

function tryTcp(host, port) {
  return new Promise((done) => {
    const socket = net.connect({ host, port, family: 4 });
    let heard = '';
    socket.setTimeout(TIMEOUT_MS, () => {
      socket.destroy();
      done({ verdict: 'drop' });
    });
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    socket.on('end', () => done({ verdict: 'accept', ...JSON.parse(heard) }));
    socket.on('error', ({ code }) => done({ verdict: 'reject', code }));
  });
}

function tryUdp(host, port) {
  return new Promise((done) => {
    const socket = dgram.createSocket('udp4');
    const end = (result) => {
      clearTimeout(timer);
      socket.close();
      done(result);
    };
    const timer = setTimeout(() => end({ verdict: 'drop' }), TIMEOUT_MS);
    socket.on('message', (message) => end({ verdict: 'accept', ...JSON.parse(String(message)) }));
    socket.on('error', ({ code }) => end({ verdict: 'reject', code }));
    // A connected socket hears that nobody is there.
    socket.connect(port, host, () => socket.send('?'));
  });
}

async function readAll(stream) {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}
