import { join, resolve } from 'node:path';
import { octets, seeded } from '../../core/random.ts';
import { BenchError, InputError, printError } from '../../core/errors.ts';
import { fileStore } from '../../mesh/stack/stateStore.ts';
import { realTimers } from '../../mesh/stack/timers.ts';
import type { DeviceStart, SimulatedDevice } from '../process.ts';
import { radioPipe } from '../radio/host/pipe.ts';
import { Medium } from '../radio/medium.ts';
import { openRadioServer } from '../radio/server.ts';
import { realTicks } from '../radio/ticks.ts';
import { folderStore } from '../store.ts';
import type { Behaviour } from './behaviour.ts';
import { openBtp } from './btp.ts';
import { Clients } from './clients.ts';
import { clientVerbs } from './clientVerbs.ts';
import { MeshDevice } from './device.ts';
import { rolesOf } from './models.ts';
import type { Options } from './options.ts';

/** What the simulated node is started with. */
export interface MeshStart extends DeviceStart {
  readonly options: Options;
  readonly behaviour: Behaviour;
}

const LOOPBACK = '127.0.0.1';
const RADIO_DEADLINE_MS = 5000;
const SEQUENCE_FILE = 'sequence.json';

/** Puts the node on a radio: the one that it is told, or one of its own. Throws InputError or BenchError where that or the state cannot be used. */
export async function openMeshDevice(start: MeshStart): Promise<SimulatedDevice> {
  const { behaviour, seed, linkSeed, factors, state, impair } = start;
  const { ca } = start.options;
  const options = { ...start.options, ca: ca === '' ? '' : resolve(state, ca) };
  if (!/^([0-9a-f]{2}){0,32}$/i.test(options.static))
    throw new InputError('sim-option', `expected up to 32 octets in hexadecimal, found ${options.static}`, {
      place: { where: '--option static' },
    });
  const radio = options.radio === '' ? await ownRadio(seed) : options.radio;
  const identity = seeded(seed);
  const uuid = octets(identity, 16);
  // The two highest bits make it a static random address.
  const address = octets(identity, 6);
  address[0] = (address[0] ?? 0) | 0xc0;
  const printed = [...address].map((octet) => octet.toString(16).padStart(2, '0')).join(':');
  const device = new MeshDevice({
    pipe: await radioPipe(radio, RADIO_DEADLINE_MS),
    address: printed,
    uuid,
    linkSeed,
    options,
    behaviour,
    timers: realTimers,
    factors,
    store: folderStore(state),
    counters: fileStore(join(state, SEQUENCE_FILE)),
    ...(impair && { impair }),
    radioLost() {
      process.stderr.write(`${printError(new BenchError('sim-radio', `the radio ${radio} is gone`))}\n`);
      process.exit(3);
    },
  });
  await device.start();
  const oob = options.static === '' ? 'none' : options.static;
  const ready = { radio, uuid: uuid.toString('hex'), address: printed, oob };
  const roles = rolesOf(options);
  if (!roles.has('update-client') && !roles.has('distribution-client')) return { ready, verbs: verbsOf(device) };
  const clients = new Clients({ models: () => device.models, appKey: () => device.appKey });
  const btp = await openBtp(clients, {
    address: Buffer.from(address).reverse(),
    reset: () => device.reset(),
    expectBlob: (blobId, timeoutBase, ttl) => device.occupyBlob(blobId, timeoutBase, ttl),
    freeBlob: () => device.freeBlob(),
  });
  return { ready: { ...ready, btp }, verbs: { ...verbsOf(device), ...clientVerbs(clients) } };
}

async function ownRadio(seed: number): Promise<string> {
  const server = await openRadioServer({ medium: new Medium(realTicks, seed), host: LOOPBACK, port: 0 });
  return server.url;
}

function verbsOf(device: MeshDevice): SimulatedDevice['verbs'] {
  return {
    version: { help: 'firmware id that runs', run: () => device.firmwareId },
    show: { help: 'network and phases', run: () => device.summary },
    reset: {
      help: 'factory reset: unprovisioned, first firmware',
      run: async () => {
        await device.reset();
        return device.firmwareId;
      },
    },
    blob: {
      help: 'rx ID BASE: the BLOB server beside the Update Server expects this BLOB; cancel ends that',
      run: ([word, blobId = '', base = '']) => {
        if (word === 'cancel') device.freeBlob();
        else if (word !== 'rx' || !/^[0-9a-f]{16}$/i.test(blobId) || !/^\d{1,5}$/.test(base))
          throw new Error('expected rx with 16 hex digits and a timeout base, or cancel');
        else if (!device.occupyBlob(blobId.toLowerCase(), Number(base))) throw new Error('busy');
        return word;
      },
    },
    shown: {
      help: 'the number that output OOB shows',
      run: () => {
        if (device.shown === undefined) throw new Error('nothing is shown');
        return String(device.shown);
      },
    },
    enter: {
      help: 'enters a number for input OOB',
      run: ([number]) => {
        if (number === undefined || !/^\d{1,6}$/.test(number)) throw new Error('expected a number of up to 6 digits');
        device.enter(Number(number));
        return number;
      },
    },
  };
}
