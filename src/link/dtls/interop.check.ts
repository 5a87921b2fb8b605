import { printError } from '../../core/errors.ts';
import { opensslUnderLoss, ownEndsUnderLoss } from './interop/loss.ts';
import { MATRIX } from './interop/matrix.ts';
import { CLIENTS, type Keys, makeKeys, SERVERS } from './interop/peers.ts';
import { echoSpeed, handshakeSpeed, handshakeSpeedWithLibcoap, throughputAgainstLibcoap } from './interop/speed.ts';
import { cleanUp, missingPrograms } from './interop/tools.ts';

/** What is checked every time; flags add what is measured once. */
const ALWAYS: readonly (readonly [string, (keys: Keys) => Promise<string>])[] = [
  ...MATRIX.map(({ title, run }) => [title, run] as const),
  ['own ends at 20 % loss each way, first timer 50 ms', ownEndsUnderLoss],
];
const BY_FLAG: Readonly<Record<string, typeof ALWAYS>> = {
  '--loss': [['OpenSSL at 20 % loss each way, default timers', opensslUnderLoss]],
  '--speed': [
    ['full handshake, own ends', handshakeSpeed],
    ['full handshake, libcoap server', handshakeSpeedWithLibcoap],
    ['echo of 64 octets, own ends', echoSpeed],
    ['PUT of 1 MiB in blocks of 1024', throughputAgainstLibcoap],
  ],
};

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Runs one check; true where it passed. */
async function check(title: string, run: () => Promise<string>): Promise<boolean> {
  try {
    say(`  ok    ${title}: ${await run()}`);
    return true;
  } catch (e) {
    say(`  WRONG ${title}: ${printError(e)}`);
    return false;
  }
}

async function main(): Promise<boolean> {
  const missing = missingPrograms([...new Set([...SERVERS, ...CLIENTS].map((one) => one.program))]);
  if (missing.length > 0) {
    say(`not installed: ${missing.join(', ')} (Debian packages openssl, libcoap3-bin)`);
    return false;
  }
  const keys = await makeKeys();
  let good = true;
  const flags = process.argv.slice(2);
  const unknown = flags.filter((flag) => !(flag in BY_FLAG));
  if (unknown.length > 0) {
    say(`unknown: ${unknown.join(' ')}; known flags: ${Object.keys(BY_FLAG).join(' ')}`);
    return false;
  }
  const checks = [...ALWAYS, ...flags.flatMap((flag) => BY_FLAG[flag] ?? [])];
  for (const [title, run] of checks) good = (await check(title, () => run(keys))) && good;
  return good;
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} finally {
  await cleanUp();
}
