import type { CoapEndpoint } from '../coap/endpoint.ts';
import type { Method } from '../coap/message.ts';
import { OPTION, uintOption } from '../coap/options.ts';
import type { ServedReply, ServedRequest } from '../coap/server.ts';
import type { Bench } from '../core/standard.ts';
import { type Peer, peerKey } from '../link/wire.ts';
import { encodeContent, FORMAT } from './codec/content.ts';
import { type Path, printPath } from './codec/path.ts';
import { boolean, type Entry, integer, opaque, string, type Value } from './codec/value.ts';
import { noteOf } from './notes.ts';
import { parametersOf } from './registry.ts';

/** What the bootstrap server tells a device: where to register, and with which key. */
export interface Account {
  /** `coap://192.168.1.2:5683` */
  readonly uri: string;
  /** Undefined for a server in clear. */
  readonly psk?: { readonly identity: Buffer; readonly key: Buffer };
}

/** The bootstrap server of the bench (CORE, client-initiated bootstrap). */
export interface BootstrapServer {
  /** Answers requests to `/bs`; what the device must be told follows by itself. */
  serve(request: ServedRequest): ServedReply;
}

/** Lifetime of the account, seconds; the case about bootstrap finds it in the registration. */
export const ACCOUNT_LIFETIME_S = 240;
/** Instances of objects 0 and 1 that hold the account; instance 0 of object 0 is where devices keep the bootstrap server. */
const SECURITY: Path = [0, 1];
const SERVER: Path = [1, 0];
const SHORT_ID = 1;
/** Formats that a device may prefer: those that carry an instance. */
const WHOLE: readonly number[] = [FORMAT.tlv, FORMAT.json, FORMAT.senmlJson, FORMAT.senmlCbor, FORMAT.lwm2mCbor];
/** Security modes of object 0 (CORE). */
const MODE = { psk: 0, none: 3 } as const;

interface Step {
  readonly label: string;
  readonly method: Method;
  readonly path: string;
  readonly entries?: readonly Entry[];
  readonly at?: Path;
}

const values = (path: Path, rows: readonly (readonly [number, Value])[]): Entry[] =>
  rows.map(([id, value]) => ({ path: [...path, id], value }));

/** What is told, in order. The labels are those of the log. */
function stepsFor({ uri, psk }: Account): readonly Step[] {
  const none = Buffer.alloc(0);
  return [
    { label: 'delete security', method: 'DELETE', path: '/0' },
    { label: 'delete server', method: 'DELETE', path: '/1' },
    {
      label: 'security',
      method: 'PUT',
      path: printPath(SECURITY),
      at: SECURITY,
      entries: values(SECURITY, [
        [0, string(uri)],
        [1, boolean(false)],
        [2, integer(psk === undefined ? MODE.none : MODE.psk)],
        [3, opaque(psk?.identity ?? none)],
        [4, opaque(none)],
        [5, opaque(psk?.key ?? none)],
        [10, integer(SHORT_ID)],
      ]),
    },
    {
      label: 'server',
      method: 'PUT',
      path: printPath(SERVER),
      at: SERVER,
      entries: values(SERVER, [
        [0, integer(SHORT_ID)],
        [1, integer(ACCOUNT_LIFETIME_S)],
        [6, boolean(true)],
        [7, string('U')],
      ]),
    },
    { label: 'finish', method: 'POST', path: '/bs' },
  ];
}

/** Labels of the requests that make up a bootstrap. */
export const BOOTSTRAP_STEPS: readonly string[] = stepsFor({ uri: '' }).map(({ label }) => label);

export interface BootstrapSetup {
  readonly bench: Pick<Bench, 'events' | 'timing'>;
  readonly endpoint: CoapEndpoint;
  /** The only device that may ask; undefined takes any. */
  readonly device: string | undefined;
  readonly account: (device: string, peer: Peer) => Promise<Account>;
  /** A device asks for an account: whatever was known of its registration is over. */
  readonly asked: () => void;
}

/** Serves bootstrap requests. A step that fails ends the bootstrap; the device asks again in its own time. */
export function bootstrapServer({ bench, endpoint, device, account, asked }: BootstrapSetup): BootstrapServer {
  /** The latest request of each device; an earlier bootstrap that is still under way stops. */
  const latest = new Map<string, number>();

  const tell = async (peer: Peer, step: Step, format: number): Promise<boolean> => {
    const { label, method, path, at, entries } = step;
    const described = at === undefined ? [] : [uintOption(OPTION.contentFormat, format)];
    const outcome = await endpoint.request({
      to: peer,
      method,
      path,
      options: described,
      note: noteOf('bootstrap', label),
      deadlineMs: bench.timing.real('answer'),
      ...(at === undefined ? {} : { payload: encodeContent(format, at, entries ?? []) }),
    });
    return outcome.kind === 'reply' && outcome.code.startsWith('2.');
  };
  const give = async ({ from, query, n }: ServedRequest): Promise<void> => {
    const parameters = parametersOf(query);
    const preferred = Number(parameters.get('pct') ?? FORMAT.tlv);
    const format = WHOLE.includes(preferred) ? preferred : FORMAT.tlv;
    for (const step of stepsFor(await account(parameters.get('ep') ?? '', from)))
      if (latest.get(peerKey(from)) !== n || !(await tell(from, step, format))) return;
  };

  return {
    serve(request) {
      const { method, query, from, n } = request;
      if (method !== 'POST') return { code: '4.05' };
      const name = parametersOf(query).get('ep');
      if (name === undefined || (device !== undefined && name !== device)) return { code: '4.00' };
      latest.set(peerKey(from), n);
      asked();
      // The answer goes out first.
      setImmediate(() => {
        give(request).catch((e: unknown) => {
          bench.events.append({ channel: 'coap', type: 'lwm2m.bootstrap', data: { failed: String(e) } });
        });
      });
      return { code: '2.04' };
    },
  };
}
