import { randomUUID } from 'node:crypto';
import { BenchError, messageOf } from '../../core/errors.ts';
import type { Method } from '../../coap/message.ts';
import type { ClientCredentials } from '../../link/dtls/credentials.ts';
import { type Peer, printPeer } from '../../link/wire.ts';
import type { Client } from '../client.ts';
import type { CborMap } from '../codec/cbor.ts';
import { demand } from './admin.ts';
import { METHODS, type MethodName, ownerPsk } from './keys.ts';
import { accessFor, CLIENT_DIRECTED, DEVICE_STATE, ownerCredential, SECURITY_PATH } from './resources.ts';

/** Who takes which device over, and how. */
export interface Transfer {
  /** The tester's id. */
  readonly tester: string;
  /** The id that the device gets; a new one unless the rig names one. */
  readonly device?: string;
  readonly method: MethodName;
  /** Called once the method is chosen: many devices make their PIN only then. */
  credentials(): Promise<ClientCredentials>;
  /** Path of the software update resource, for the access control list. */
  readonly swu: string;
  /** Plain and secure endpoint of the device. */
  readonly plain: Peer;
  readonly secure: Peer;
}

/** The clients that a transfer uses; the secured one has a port of its own and is closed afterwards. */
export interface TransferClients {
  readonly plain: Client;
  readonly secured: Client;
}

/** The device as it is owned now. */
export interface Owned {
  readonly device: string;
  readonly key: Buffer;
}

interface Step {
  readonly step: string;
  readonly method?: Method;
  readonly path: string;
  readonly body?: CborMap;
}

/** What makes the tester the owner, up to provisioning. The device gets its id before the key is made with it. */
function taking(tester: string, device: string): readonly Step[] {
  const { doxm, pstat, acl2, cred } = SECURITY_PATH;
  return [
    { step: 'the client directs provisioning', path: pstat, body: { om: CLIENT_DIRECTED } },
    {
      step: 'name the owner',
      path: doxm,
      body: { devowneruuid: tester, deviceuuid: device, rowneruuid: tester },
    },
    { step: 'own the access control list', path: acl2, body: { rowneruuid: tester } },
    { step: 'own the provisioning status', path: pstat, body: { rowneruuid: tester } },
    { step: "make the owner's credential", path: cred, body: ownerCredential(tester) },
  ];
}

/** What an owned device needs until it works normally. */
function provisioning(tester: string, swu: string): readonly Step[] {
  const { doxm, pstat, acl2 } = SECURITY_PATH;
  return [
    { step: 'declare the device owned', path: doxm, body: { owned: true } },
    { step: 'begin provisioning', path: pstat, body: { dos: { s: DEVICE_STATE.RFPRO } } },
    { step: 'clear the access control list', method: 'DELETE', path: acl2 },
    { step: 'allow the tester in', path: acl2, body: accessFor(tester, swu) },
    { step: 'begin normal operation', path: pstat, body: { dos: { s: DEVICE_STATE.RFNOP } } },
  ];
}

/**
 * Takes an unowned device over and brings it to normal operation. `keep` gets the owner's key before the device is declared owned, so that no interruption
 * locks the tester out. Rejects with a BenchError that names the step and what the device said.
 */
export async function takeOver(
  transfer: Transfer,
  { plain, secured }: TransferClients,
  keep: (owned: Owned) => void,
): Promise<Owned> {
  const { tester, method, swu } = transfer;
  const device = transfer.device ?? randomUUID();
  await demand({ client: plain, to: transfer.plain, step: 'choose the transfer method' }, 'POST', SECURITY_PATH.doxm, {
    oxmsel: METHODS[method],
  });
  const key = await handshake(transfer, secured);
  const to = transfer.secure;
  const walk = async (steps: readonly Step[]): Promise<void> => {
    for (const { step, method: how = 'POST', path, body } of steps)
      await demand({ client: secured, to, step }, how, path, body);
  };
  await walk(taking(tester, device));
  const owned = { device, key: ownerPsk(method, key, tester, device) };
  keep(owned);
  await walk(provisioning(tester, swu));
  await secured.dtls?.disconnect(to);
  return owned;
}

/** The key block of the association by which the device is taken over. */
async function handshake(transfer: Transfer, { dtls }: Client): Promise<Buffer> {
  const { method, secure } = transfer;
  if (dtls === undefined) throw new BenchError('ocf-owning', 'the client of the transfer has no DTLS');
  const credentials = await transfer.credentials();
  try {
    return (await dtls.connect(secure, credentials)).exportKeyBlock();
  } catch (e) {
    const likely = {
      justWorks: 'the device may have left the state RFOTM, or does not speak the suite of Just Works (0xFF00)',
      randomPin: 'the PIN may be wrong or out of date',
      certificate: 'the certificate of the device may come from another authority than otmRoots names',
    }[method];
    throw new BenchError('ocf-transfer', `owner transfer (${method}): ${messageOf(e)}; ${likely}`, {
      place: { where: `coaps ${printPeer(secure)}` },
      cause: e,
    });
  }
}
