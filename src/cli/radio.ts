import { type Command, InvalidArgumentError } from 'commander';
import { BenchError, InputError } from '../core/errors.ts';
import { type Air, defaultAir, Medium } from '../sim/radio/medium.ts';
import { offerSerialPort } from '../sim/radio/serialPort.ts';
import { openRadioServer } from '../sim/radio/server.ts';
import { realTicks } from '../sim/radio/ticks.ts';

interface RadioWords {
  readonly port: number;
  readonly host: string;
  readonly seed: number;
  readonly loss: number;
  readonly delay: number;
  readonly eventMs: number;
  readonly packets: number;
  readonly quiet?: true;
  readonly serial?: string;
}

/** `plumbline radio`. */
export function register(program: Command): void {
  program
    .command('radio')
    .description('a virtual Bluetooth radio for any HCI host over H4 on TCP; lives until its standard input closes')
    .option('--port <n>', 'TCP port; every connection gets a controller of its own (preset: a free one)', portNumber, 0)
    .option('--host <address>', 'address to listen at', '127.0.0.1')
    .option('--seed <n>', 'losses, delays and random numbers', number, 1)
    .option('--loss <percent>', 'advertisements and connection events lost', number, defaultAir.losePercent)
    .option('--delay <ms>', 'everything late by up to so many milliseconds', number, defaultAir.delayMs)
    .option('--event-ms <ms>', 'time between connection events', number, defaultAir.eventMs)
    .option('--packets <n>', 'ACL packets of one connection event, each way', number, defaultAir.packetsPerEvent)
    .option('--serial <path>', 'one more controller, on a pseudo-terminal of this name; needs socat')
    .option('--quiet', 'do not tell on standard error who comes and goes')
    .action((words: RadioWords) => runRadio(words));
}

async function runRadio(words: RadioWords): Promise<void> {
  const { port, host, seed, loss, delay, eventMs, packets, quiet, serial } = words;
  const air: Air = { losePercent: loss, delayMs: delay, eventMs, packetsPerEvent: packets };
  if (eventMs < 1 || packets < 1)
    throw new InputError('radio', 'expected at least one packet per event and one millisecond between events');
  const note = quiet === true ? {} : { note: (text: string) => void process.stderr.write(`${text}\n`) };
  const server = await openRadioServer({ medium: new Medium(realTicks, seed, air), host, port, ...note }).catch(
    (e: unknown) => {
      // The address is what the user asked for: a port in use is for them to change.
      if (e instanceof BenchError) throw new InputError(e.code, e.message, { place: e.place, cause: e });
      throw e;
    },
  );
  if (serial !== undefined)
    await offerSerialPort(server.url, serial).catch(async (e: unknown) => {
      await server.close();
      throw e;
    });
  const ready = { radio: server.url, ...(serial === undefined ? {} : { serial }) };
  process.stdout.write(`${JSON.stringify({ ready })}\n`);
  process.stdin.on('end', () => process.exit(0));
  process.stdin.on('error', () => process.exit(0));
  process.stdin.resume();
}

function number(word: string): number {
  const value = Number(word);
  if (word.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('expected a number of at least 0.');
  return value;
}

const LAST_PORT = 65_535;

function portNumber(word: string): number {
  const value = number(word);
  if (!Number.isInteger(value) || value > LAST_PORT)
    throw new InvalidArgumentError(`expected a port, 0 to ${LAST_PORT}.`);
  return value;
}
