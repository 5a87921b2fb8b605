import { DriveEnd } from '../../core/case.ts';
import type { Bench } from '../../core/standard.ts';
import { type BtpClient, btpService, openBtp } from './btp.ts';

/** What a device can be told to do by its console; each a word of the bench, whatever the device calls it. */
export type Verb =
  | 'occupy'
  | 'release'
  | 'targets'
  | 'check'
  | 'distributor'
  | 'upload'
  | 'uploadOob'
  | 'receivers'
  | 'start'
  | 'suspend'
  | 'resume'
  | 'apply'
  | 'shown'
  | 'enter';

/** Values that a line may name in braces: addresses and octets as hex, the rest as decimal numbers. */
export type Values = Readonly<Record<string, string | number>>;

/** How consoles say it: `plumbline` is that of our simulated node, `zephyr` the mesh shell (prefix and words as its documentation lists them). */
const DIALECTS: Readonly<Record<string, Readonly<Partial<Record<Verb, readonly string[]>>>>> = {
  plumbline: {
    occupy: ['blob rx {blobId} {base}'],
    release: ['blob cancel'],
    targets: ['targets {addresses}'],
    check: ['check {metadata}'],
    distributor: ['distributor {address}'],
    upload: ['upload {firmwareId} {metadata} {size}'],
    uploadOob: ['upload-oob {uri} {firmwareId}'],
    receivers: ['receivers {addresses}'],
    start: ['start {firmwareId} verify'],
    suspend: ['distribution suspend'],
    resume: ['resume'],
    apply: ['distribution apply'],
    shown: ['shown'],
    enter: ['enter {value}'],
  },
  zephyr: {
    occupy: ['mesh models blob srv rx 0x{blobId} {base}'],
    release: ['mesh models blob srv rx-cancel'],
    targets: ['mesh models dfu cli target 0x{addresses} 0'],
    check: ['mesh models dfu slot add {size} {firmwareId} {metadata}', 'mesh models dfu cli target-check 0 0'],
    enter: ['mesh prov input-num {value}'],
  },
};

const MODELS = btpService.MODELS;

function octets(value: string | number | undefined): Buffer {
  return Buffer.from(String(value ?? ''), 'hex');
}

/** The same by BTP, which has no commands for the distribution models. Addresses go high octet first, against the general rule. */
const BY_BTP: Readonly<Partial<Record<Verb, (btp: BtpClient, values: Values) => Promise<unknown>>>> = {
  occupy: (btp, { blobId, base }) => {
    const timing = Buffer.alloc(3);
    timing.writeUInt16LE(Number(base), 0);
    timing.writeUInt8(OCCUPY_TTL, 2);
    return btp.ask(MODELS, 0x65, Buffer.concat([octets(blobId).reverse(), timing]));
  },
  release: (btp) => btp.ask(MODELS, 0x69, Buffer.alloc(0)),
  targets: (btp, { addresses }) => {
    const list = String(addresses ?? '')
      .split(' ')
      .filter((text) => text !== '');
    return btp.ask(MODELS, 0x60, Buffer.concat([Buffer.of(list.length), ...list.map(octets)]));
  },
  check: (btp, { metadata, firmwareId, size }) => {
    const [meta, id] = [octets(metadata), octets(firmwareId)];
    return btp.ask(MODELS, 0x61, Buffer.concat([Buffer.of(0, 0, Number(size), id.length, meta.length), meta]));
  },
};
/** TTL of a BLOB that nobody sends. */
const OCCUPY_TTL = 5;

/** The console of the device, in the bench's words. */
export interface Control {
  /** Says it and gives the answer to the last line, empty over BTP; ends the drive where the dialect has no words for it, or the rig no console. */
  say(verb: Verb, values: Values): Promise<string>;
  close(): void;
}

/**
 * Makes the control channel: BTP where the rig has an entry `btp`, else its console. The dialect is the rig's entry `dialect`; entries such as `sayCheck` replace single lines of it, for the words of a vendor.
 * @param deadlineMs for the answer to each line; real milliseconds
 */
export function controlOf(bench: Pick<Bench, 'address' | 'has' | 'console' | 'events'>, deadlineMs: number): Control {
  let btp: Promise<BtpClient> | undefined;
  const linesOf = (verb: Verb): readonly string[] | undefined => {
    const own = `say${verb.charAt(0).toUpperCase()}${verb.slice(1)}`;
    if (bench.has(own)) return bench.address(own).split('; ');
    return DIALECTS[bench.has('dialect') ? bench.address('dialect') : 'plumbline']?.[verb];
  };
  return {
    close: () => void btp?.then((client) => client.close()),
    async say(verb, values) {
      const command = BY_BTP[verb];
      if (bench.has('btp') && command !== undefined) {
        btp ??= openBtp(bench.address('btp'), bench.events, deadlineMs);
        await command(await btp, values);
        return '';
      }
      const { console } = bench;
      const lines = linesOf(verb);
      if (console === undefined) throw new DriveEnd('this rig has neither a console nor BTP');
      if (lines === undefined) throw new DriveEnd(`the console of this rig has no words for "${verb}" (entry dialect)`);
      let answer = '';
      for (const line of lines)
        answer = await console.ask(
          line.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? '')),
          deadlineMs,
        );
      return answer;
    },
  };
}
