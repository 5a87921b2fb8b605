import type { SimulatedDevice, Verb } from '../process.ts';
import type { ZigbeeDevice } from './device.ts';

/** Verbs of the console: what a person at the bench, or the application of a product, would do. */
export function verbsOf(device: ZigbeeDevice): SimulatedDevice['verbs'] {
  const does = (act: (words: readonly string[]) => void): Verb => {
    return (words) => {
      act(words);
      return '';
    };
  };
  return {
    version: { help: 'file version that runs', run: () => device.client.version },
    show: { help: 'state of the upgrade', run: () => device.client.summary },
    address: {
      help: 'network address of the node',
      run: () => device.node.address.toString(16).padStart(4, '0'),
    },
    reset: {
      help: 'back to the version of the factory; stays in the network and announces itself',
      run: () => {
        device.client.factoryReset();
        device.powerOff();
        device.powerOn();
        return device.client.version;
      },
    },
    reboot: { help: 'restarts the node', run: does(() => device.reboot()) },
    power: {
      help: 'on or off: of the node alone, the dongle stays on',
      run: does(([state]) => {
        if (state === 'off') device.powerOff();
        else if (state === 'on') device.powerOn();
        else throw new Error('expected on or off');
      }),
    },
    join: { help: 'joins the network, or announces itself again', run: does(() => device.node.join()) },
    leave: { help: 'leaves the network', run: does(() => device.node.leave()) },
    query: { help: 'asks the server for an image', run: does(() => device.client.query()) },
    specific: {
      help: 'TYPE VERSION, both hex: asks for a file for this device alone',
      run: does(([type, version]) => device.client.specific(hex(type), hex(version))),
    },
    busy: {
      help: 'SECONDS: the application takes no data',
      run: does(([seconds]) => device.client.busy(seconds === 'off' ? 0 : whole(seconds))),
    },
    veto: {
      help: 'on or off: the application refuses what is offered',
      run: does(([on]) => device.client.veto(on === 'on')),
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
    bystander: {
      help: 'HEX: another node sends this ZCL frame to the OTA endpoint',
      run: does(([octets]) => {
        if (octets === undefined || !/^([0-9a-f]{2})+$/i.test(octets)) throw new Error('expected octets in hex');
        device.disturb(Buffer.from(octets, 'hex'));
      }),
    },
  };
}

function whole(word: string | undefined): number {
  if (word === undefined || !/^\d+$/.test(word)) throw new Error('expected a whole number');
  return Number(word);
}

function hex(word: string | undefined): number {
  if (word === undefined || !/^[0-9a-f]+$/i.test(word)) throw new Error('expected a number in hex');
  return Number.parseInt(word, 16);
}
