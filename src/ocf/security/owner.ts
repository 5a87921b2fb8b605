import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { BenchError, messageOf } from '../../core/errors.ts';
import type { Bench } from '../../core/standard.ts';
import type { ClientCredentials } from '../../link/dtls/credentials.ts';
import type { DtlsWire } from '../../link/dtls/port.ts';
import { type Peer, printPeer } from '../../link/wire.ts';
import { type Client, openClient, type Secured } from '../client.ts';
import type { CborMap } from '../codec/cbor.ts';
import { demand, inspect } from './admin.ts';
import { uuidOctets } from './keys.ts';
import { takeOver } from './onboard.ts';
import {
  accessFor,
  DEVICE_STATE,
  discoveryOnly,
  printDeviceState,
  readDoxm,
  readPstat,
  SECURITY_PATH,
} from './resources.ts';
import { namedDevice } from '../target.ts';
import { openStore } from './store.ts';
import { methodFor, transferCredentials } from './transfer.ts';

/** How a device refuses a client that has no access. */
const REFUSED = ['4.01', '4.03'];

/** Item of the proforma: pre-shared keys in normal operation. */
const SYMMETRIC = 'OCFSWU 9/4';

/** Where the way back from a lost key is described. */
const RECIPE = 'docs/recipes/ocf-security.md, "When the owner\'s key is lost"';

/** The secured device as discovery found it. */
export interface Reached {
  readonly plain: Peer;
  readonly secure: Peer;
  /** Its id now; an unowned device has one for the time being. */
  readonly device: string;
  /** Path of the software update resource. */
  readonly swu: string;
}

/** The tester as owner of the device under test. */
export interface Owner {
  /** What a secured client needs. */
  readonly secured: Secured;
  /**
   * Brings the device to normal operation with the tester as its owner: takes it over where it is unowned, otherwise comes back with the key of the rig's
   * store. Rejects with a BenchError that names the likely cause, and the way back where the key is lost.
   */
  ready(client: Client, reached: Reached): Promise<void>;
  /** Takes the tester's own entry out of the access control list, until `ready` looks again. */
  bar(client: Client, to: Peer): Promise<void>;
  /** The device was reset or left normal operation: `ready` looks again. */
  unsettle(): void;
  readonly settled: boolean;
  /** Id of the device as owned. */
  readonly device: string | undefined;
}

/** The parts of a device that an owner works with. */
export interface OwnerParts {
  readonly bench: Bench;
  /** Address of this computer that the device sees. */
  readonly local: string;
  readonly plain: Client;
  /** The device answers in clear. */
  readonly answers: () => Promise<boolean>;
}

/** Opens the store; sends nothing. */
export function openOwner({ bench, local, plain, answers }: OwnerParts): Owner {
  const store = openStore(bench.stateDir);
  const keyLogFile = join(bench.privateDir, 'sslkeys.log');
  const keyLog = (line: string): void => appendFileSync(keyLogFile, `${line}\n`);
  let current: string | undefined;
  let settled = false;
  let barred = false;
  let profileTold = false;

  const credentials = (key: Uint8Array): ClientCredentials => ({
    suites: ['TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256'],
    psk: { identity: uuidOctets(store.tester), key },
  });
  const connect = async (dtls: DtlsWire, to: Peer, look: boolean): Promise<void> => {
    const key = current === undefined ? undefined : store.keyOf(current);
    if (current === undefined || key === undefined)
      throw new BenchError('not-owned', 'the device is not onboarded yet', { place: { where: printPeer(to) } });
    const timing = look ? { deadlineMs: bench.timing.real('poll') } : {};
    await dtls.connect(to, credentials(key), timing);
  };
  const lost = (device: string, why: string, cause?: unknown): BenchError =>
    new BenchError(
      'owner-key',
      `device ${device} has an owner, and this rig cannot come back as that owner: ${why}. See ${RECIPE}`,
      { place: { file: store.file }, cause },
    );
  /** Whether the device says that it has an owner; undefined where it does not tell in clear. */
  const isOwned = async ({ plain: to }: Reached): Promise<boolean | undefined> => {
    const doxm = await inspect({ client: plain, to, step: 'read the owner' }, SECURITY_PATH.doxm);
    return doxm === undefined ? undefined : readDoxm(doxm).owned;
  };

  const own = async (reached: Reached): Promise<void> => {
    const { plain: to, secure, swu } = reached;
    const map = await inspect({ client: plain, to, step: 'read the transfer methods' }, SECURITY_PATH.doxm);
    const doxm = map === undefined ? undefined : readDoxm(map);
    const id = doxm?.deviceUuid ?? reached.device;
    if (doxm === undefined || doxm.owned !== false)
      throw lost(id, doxm === undefined ? 'it does not show its doxm in clear' : `no key in ${store.file}`);
    const method = methodFor(bench, doxm.oxms);
    if (!bench.declared(SYMMETRIC))
      throw new BenchError(
        'ocf-credentials',
        `the tester comes back as owner with a pre-shared key only (item ${SYMMETRIC}), and the declaration does not have it; see docs/recipes/ocf-security.md, "What is not covered"`,
        { place: { where: printPeer(to) } },
      );
    // An unowned device has an id for the time being; once owned it has the one that the rig names.
    const named = namedDevice(bench);
    const once: Secured = {
      connect: () =>
        Promise.reject(new BenchError('ocf-transfer', 'the device ended the association of the owner transfer')),
      answers,
      keyLog,
    };
    const secured = await openClient('coaps.transfer', local, bench.events, bench.timing, once);
    try {
      const transfer = {
        tester: store.tester,
        ...(named === undefined ? {} : { device: named }),
        method,
        credentials: () => transferCredentials(bench, method, id),
        swu,
        plain: to,
        secure,
      };
      const owned = await takeOver(transfer, { plain, secured }, (made) => store.keep(made.device, made.key));
      current = owned.device;
    } finally {
      await secured.close();
    }
  };

  /** The association as owner; where it cannot be had, what the device says in clear tells why. */
  const comeBack = async (client: Client, reached: Reached, key: Uint8Array): Promise<'back' | 'unowned'> => {
    const { secure, device } = reached;
    current = device;
    try {
      client.dtls?.forget(secure);
      await client.dtls?.connect(secure, credentials(key));
      client.endpoint.forget(secure);
      return 'back';
    } catch (e) {
      if ((await isOwned(reached)) === false) return 'unowned';
      throw lost(device, `${messageOf(e)}; the device may have been reset or taken over by another tool`, e);
    }
  };

  type Move = (state: keyof typeof DEVICE_STATE) => Promise<void>;
  const mover =
    (client: Client, to: Peer): Move =>
    (state) =>
      demand({ client, to, step: `move to ${state}` }, 'POST', SECURITY_PATH.pstat, {
        dos: { s: DEVICE_STATE[state] },
      });
  /** Writes the access control list anew; only in provisioning. */
  const allow = async (client: Client, to: Peer, list: CborMap): Promise<void> => {
    await demand({ client, to, step: 'clear the access control list' }, 'DELETE', SECURITY_PATH.acl2);
    await demand({ client, to, step: 'write the access control list' }, 'POST', SECURITY_PATH.acl2, list);
  };

  /** False where the device refuses its owner: a run may have been killed while the owner's entry was taken out. */
  const letsIn = async (client: Client, to: Peer, path: string): Promise<boolean> => {
    const outcome = await client.request('GET', { to, path, subject: 'owning', label: 'read the resource' });
    return outcome.kind !== 'reply' || !REFUSED.includes(outcome.code);
  };

  /** From whatever state an owned device is in, back to normal operation with the tester let in. */
  const normal = async (client: Client, { secure: to, swu }: Reached): Promise<void> => {
    const move = mover(client, to);
    const map = await inspect({ client, to, step: 'read the provisioning status' }, SECURITY_PATH.pstat);
    const state = map === undefined ? undefined : readPstat(map).state;
    if (state === DEVICE_STATE.RFNOP && !barred && (await letsIn(client, to, swu))) return;
    if (state !== DEVICE_STATE.SRESET && state !== DEVICE_STATE.RFPRO && state !== DEVICE_STATE.RFNOP)
      throw new BenchError(
        'ocf-owning',
        `expected the owned device in RFPRO, RFNOP or SRESET, observed ${printDeviceState(state)}`,
        { place: { where: printPeer(to) } },
      );
    if (state !== DEVICE_STATE.RFPRO) await move('RFPRO');
    await allow(client, to, accessFor(store.tester, swu));
    barred = false;
    await move('RFNOP');
  };

  /** Once for a tester: which security profile the device keeps to stands in the evidence. A device need not show it. */
  const tellProfile = async (client: Client, to: Peer): Promise<void> => {
    if (profileTold) return;
    await inspect({ client, to, step: 'read the security profile' }, SECURITY_PATH.sp);
    profileTold = true;
  };

  return {
    secured: { connect, answers, keyLog },
    get settled() {
      return settled;
    },
    get device() {
      return current;
    },
    unsettle: () => {
      settled = false;
    },
    async bar(client, to) {
      const move = mover(client, to);
      await move('RFPRO');
      barred = true;
      await allow(client, to, discoveryOnly());
      await move('RFNOP');
    },
    async ready(client, reached) {
      if (settled) return;
      const named = namedDevice(bench);
      const key = store.keyOf(reached.device);
      if (key !== undefined && named !== undefined && named !== reached.device)
        throw new BenchError('wrong-device', `expected device ${named}, found ${reached.device}`, {
          place: { where: printPeer(reached.plain) },
        });
      if (key === undefined || (await comeBack(client, reached, key)) === 'unowned') {
        await own(reached);
        const made = current === undefined ? undefined : store.keyOf(current);
        if (current === undefined || made === undefined) throw lost(reached.device, 'the transfer left no key');
        await comeBack(client, { ...reached, device: current }, made);
      }
      await normal(client, reached);
      await tellProfile(client, reached.secure);
      settled = true;
    },
  };
}
