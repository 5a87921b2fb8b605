import { transferMode } from '../../mesh/codec/enums.ts';
import type { SimulatedDevice } from '../process.ts';
import type { Clients } from './clients.ts';

/** A word in hexadecimal, as octets. */
function octetsOf(word = ''): Buffer {
  if (!/^([0-9a-f]{2})*$/i.test(word)) throw new Error(`expected octets in hexadecimal, found ${JSON.stringify(word)}`);
  return Buffer.from(word, 'hex');
}

/** An address in hexadecimal. */
function addressOf(word = ''): number {
  if (!/^[0-9a-f]{1,4}$/i.test(word))
    throw new Error(`expected an address in hexadecimal, found ${JSON.stringify(word)}`);
  return Number.parseInt(word, 16);
}

function numberOf(word = ''): number {
  if (!/^\d{1,8}$/.test(word)) throw new Error(`expected a number, found ${JSON.stringify(word)}`);
  return Number(word);
}

/** The words of the console by which the client roles are triggered; those of BTP do the same where BTP has them. */
export function clientVerbs(clients: Clients): SimulatedDevice['verbs'] {
  const done = (): string => '';
  return {
    mode: {
      help: 'push or pull, for what the clients send',
      run: ([mode = '']) => {
        if (mode !== 'push' && mode !== 'pull') throw new Error('expected push or pull');
        clients.choice.mode = mode === 'pull' ? transferMode.PULL : transferMode.PUSH;
        return mode;
      },
    },
    timeout: {
      help: 'BASE TTL: timeout base and TTL of what the clients start',
      run: ([base, ttl]) => {
        clients.choice.timeoutBase = numberOf(base);
        clients.choice.ttl = numberOf(ttl);
        return `${clients.limitMs} ms`;
      },
    },
    targets: {
      help: 'ADDRESS...: targets of the Update Client and the BLOB Transfer Client, hexadecimal',
      run: (words) => {
        clients.target(words.map(addressOf));
        return words.join(' ');
      },
    },
    information: {
      help: 'asks the targets for their images',
      run: () => clients.information(255).then((all) => all.join(' ')),
    },
    check: {
      help: 'METADATA: Metadata Check at the first target',
      run: async ([metadata]) => {
        const seen = await clients.check(0, octetsOf(metadata));
        return seen === undefined ? 'silence' : `status ${seen.status} additional ${seen.additional}`;
      },
    },
    update: {
      help: 'FIRMWAREID METADATA OCTETS [LOG CHUNK]: begins an update of the targets',
      run: ([firmwareId, metadata, octets, log = '8', chunk = '64']) => {
        const slot = clients.slot(octetsOf(firmwareId), octetsOf(metadata), numberOf(octets));
        clients.update(slot, 0, numberOf(log), numberOf(chunk));
        return done();
      },
    },
    phases: { help: 'update phases of the targets', run: () => clients.phases.join(' ') },
    apply: {
      help: 'has the targets apply',
      run: () => {
        clients.apply();
        return done();
      },
    },
    'cancel-update': {
      help: 'gives the update up',
      run: () => {
        clients.cancelUpdate();
        return done();
      },
    },
    'send-blob': {
      help: 'ID OCTETS LOG CHUNK: sends a BLOB to the targets',
      run: ([id = '', octets, log, chunk]) => {
        if (octetsOf(id).length !== 8) throw new Error('expected a BLOB id of 16 hex digits');
        clients.blob(id.toLowerCase(), numberOf(octets), numberOf(log), numberOf(chunk));
        return done();
      },
    },
    'cancel-blob': {
      help: 'gives the transfer up',
      run: () => {
        clients.cancelBlob();
        return done();
      },
    },
    distributor: {
      help: 'ADDRESS: distributor of the Distribution Client, hexadecimal',
      run: ([address]) => {
        clients.distributor(addressOf(address));
        return done();
      },
    },
    upload: {
      help: 'FIRMWAREID METADATA OCTETS: uploads an image',
      run: ([firmwareId, metadata, octets]) =>
        clients.upload(octetsOf(firmwareId), octetsOf(metadata), numberOf(octets)),
    },
    'upload-oob': {
      help: 'URI FIRMWAREID: has the distributor fetch an image',
      run: ([uri = '', firmwareId]) => clients.uploadOob(uri, octetsOf(firmwareId)),
    },
    receivers: {
      help: 'ADDRESS...: receivers of the distribution',
      run: (words) => clients.receivers(words.map(addressOf)),
    },
    start: {
      help: 'FIRMWAREID verify|apply [GROUP]: starts the distribution of that image',
      run: ([firmwareId, policy, group = '0']) => {
        if (policy !== 'verify' && policy !== 'apply') throw new Error('expected verify or apply');
        return clients.start(octetsOf(firmwareId), policy === 'apply', addressOf(group));
      },
    },
    resume: { help: 'the last start again', run: () => clients.resume() },
    distribution: {
      help: 'get, suspend, cancel or apply',
      run: ([word]) => {
        if (word !== 'get' && word !== 'suspend' && word !== 'cancel' && word !== 'apply')
          throw new Error('expected get, suspend, cancel or apply');
        return clients.command(word);
      },
    },
  };
}
