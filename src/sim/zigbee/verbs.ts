import { UNTIL_TOLD } from '../../zigbee/codec/numbers.ts';
import type { SimulatedDevice, Verb } from '../process.ts';
import type { ZigbeeDevice } from './device.ts';
import { OTA_ENDPOINT, type Peer } from './zcl.ts';

type Verbs = SimulatedDevice['verbs'];

/** A verb whose answer is nothing but ok. */
function does(act: (words: readonly string[]) => void): Verb {
  return (words) => {
    act(words);
    return '';
  };
}

/** Power, network and disturbance: what can be done to every node. */
export function commonVerbs(device: ZigbeeDevice): Verbs {
  return {
    address: {
      help: 'network address of the node',
      run: () => device.node.address.toString(16).padStart(4, '0'),
    },
    reset: {
      help: 'back to the state of the factory; stays in the network and announces itself',
      run: does(() => device.factoryReset()),
    },
    reboot: { help: 'restarts the node', run: does(() => device.reboot()) },
    power: {
      help: 'on or off: of the node alone, the dongle stays on',
      run: does(([state]) => (isOn(state) ? device.powerOn() : device.powerOff())),
    },
    join: { help: 'joins the network, or announces itself again', run: does(() => device.node.join()) },
    leave: { help: 'leaves the network', run: does(() => device.node.leave()) },
    bystander: {
      help: 'HEX: another node sends this ZCL frame to the OTA endpoint',
      run: does(([octets]) => {
        if (octets === undefined || !/^([0-9a-f]{2})+$/i.test(octets)) throw new Error('expected octets in hex');
        device.disturb(Buffer.from(octets, 'hex'));
      }),
    },
  };
}

/** What a user, or the application of a product, does with a client. */
export function clientVerbs(device: ZigbeeDevice): Verbs {
  return {
    version: { help: 'file version that runs', run: () => device.client.version },
    show: { help: 'state of the upgrade', run: () => device.client.summary },
    query: { help: 'asks the server for an image', run: does(() => device.client.query()) },
    specific: {
      help: 'TYPE VERSION, both hex: asks for a file for this device alone',
      run: does(([type, version]) => device.client.specific(hex(type), hex(version))),
    },
    busy: {
      help: 'SECONDS or off: the application takes no data',
      run: does(([seconds]) => device.client.busy(seconds === 'off' ? 0 : whole(seconds))),
    },
    veto: {
      help: 'on or off: the application refuses what is offered',
      run: does(([state]) => device.client.veto(isOn(state))),
    },
    interval: {
      help: 'SECONDS or off: time between queries',
      run: does(([seconds]) => device.client.interval(seconds === 'off' ? 0 : whole(seconds))),
    },
    activate: {
      help: 'starts an upgrade that waits for it',
      run: does(() => {
        if (!device.client.activate()) throw new Error('nothing waits to be activated');
      }),
    },
  };
}

/** What the application of a server is told. */
export function serverVerbs(device: ZigbeeDevice): Verbs {
  const { orders } = device;
  return {
    images: {
      help: 'files that can be fetched: manufacturer, type, version, octets',
      run: () =>
        device.images
          .map(({ header: { manufacturerCode, imageType, fileVersion }, octets }) =>
            [manufacturerCode.toString(16), imageType.toString(16), fileVersion.toString(16), octets.length].join(' '),
          )
          .join('; '),
    },
    notify: {
      help: 'TYPE JITTER [IMAGE [ADDRESS ENDPOINT]]: Image Notify, broadcast unless an address (hex) is given',
      run: does(([type, jitter, image = '0', address, endpoint]) => {
        const to: Peer | undefined =
          address === undefined ? undefined : { address: hex(address), endpoint: whole(endpoint ?? `${OTA_ENDPOINT}`) };
        if (!/^[0-3]$/.test(type ?? '')) throw new Error('expected a payload type from 0 to 3');
        const order = { payloadType: whole(type), jitter: whole(jitter), ...(to !== undefined && { to }) };
        if (!device.notify(whole(image), order)) throw new Error(`no image ${image}`);
      }),
    },
    authorise: {
      help: 'on or off: clients may fetch files',
      run: does(([state]) => (orders.authorised = isOn(state))),
    },
    reject: { help: 'on or off: every query is refused', run: does(([state]) => (orders.rejects = isOn(state))) },
    remove: {
      help: 'IMAGE: takes a file away',
      run: does(([image]) => {
        if (!device.remove(whole(image))) throw new Error(`no image ${image}`);
      }),
    },
    restore: { help: 'puts all files back, without notifying anybody', run: does(() => device.restore()) },
    wait: {
      help: 'SECONDS: the next block request is put off; forever where it is told',
      run: does(([seconds]) => {
        orders.wait = seconds === 'forever' ? UNTIL_TOLD : whole(seconds);
      }),
    },
    period: {
      help: 'NUMBER or off: minimum block period imposed on clients that announce theirs',
      run: does(([period]) => {
        if (period === 'off') delete orders.period;
        else orders.period = whole(period);
      }),
    },
    abort: { help: 'the next block request ends the download', run: does(() => (orders.aborts = true)) },
    delay: { help: 'SECONDS from the end of a download to the upgrade', run: does(([s]) => (orders.delay = whole(s))) },
    hold: { help: 'on or off: clients wait with the upgrade', run: does(([state]) => (orders.holds = isOn(state))) },
    release: { help: 'lets waiting clients upgrade; tells how many', run: () => String(device.server.release()) },
    cancel: {
      help: 'on or off: upgrades are cancelled when the download has ended',
      run: does(([state]) => (orders.cancels = isOn(state))),
    },
  };
}

function isOn(word: string | undefined): boolean {
  if (word !== 'on' && word !== 'off') throw new Error('expected on or off');
  return word === 'on';
}

function whole(word: string | undefined): number {
  if (word === undefined || !/^\d+$/.test(word)) throw new Error('expected a whole number');
  return Number(word);
}

function hex(word: string | undefined): number {
  if (word === undefined || !/^[0-9a-f]+$/i.test(word)) throw new Error('expected a number in hex');
  return Number.parseInt(word, 16);
}
