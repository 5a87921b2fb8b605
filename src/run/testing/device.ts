import { createSocket } from 'node:dgram';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A device for the tests of the run: words over UDP, `get`, `set N`, `who`. Its state outlives power in the folder that it is given.
 * Arguments: `id=NAME`, `die` (ends before it is ready), `silent-after=WORD`, `dies-after=WORD`, `restarts-after=WORD` (silent for a while).
 */
const args = new Map(process.argv.slice(2).map((arg) => arg.split('=') as [string, string | undefined]));
/** Longer than one proof of life waits. */
const RESTART_MS = 350;
const folder = process.env['PLUMBLINE_STATE'] ?? '.';
const file = join(folder, 'state');

function stored(): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '0';
  }
}

if (args.has('die')) {
  process.stderr.write('no flash found\n');
  process.exit(7);
}
mkdirSync(folder, { recursive: true });
let silent = false;
const socket = createSocket('udp4');
socket.on('message', (data, from) => {
  const [word = '', value = ''] = data.toString().split(' ');
  if (word === args.get('dies-after')) process.exit(1);
  if (word === args.get('silent-after')) silent = true;
  if (word === args.get('restarts-after')) {
    silent = true;
    setTimeout(() => (silent = false), RESTART_MS);
    return;
  }
  if (silent) return;
  if (word === 'set') writeFileSync(file, value);
  const answer = word === 'who' ? (args.get('id') ?? 'lamp') : stored();
  socket.send(`${word} ${answer}`, from.port, from.address);
});
socket.bind(0, '127.0.0.1', () => {
  const { port } = socket.address();
  process.stdout.write(`${JSON.stringify({ ready: { iut: `udp://127.0.0.1:${port}` } })}\n`);
});
process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
