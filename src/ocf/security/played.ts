import { createHmac } from 'node:crypto';
import { openCoap } from '../../coap/endpoint.ts';
import { openServer, type ServedReply, type ServedRequest } from '../../coap/server.ts';
import { memorySink } from '../../core/events.ts';
import type { ServerCredentials } from '../../link/dtls/credentials.ts';
import { openDtls } from '../../link/dtls/wire.ts';
import { openUdp } from '../../link/udp.ts';
import { printPeer } from '../../link/wire.ts';
import { type CborMap, type CborValue, decodeCbor, encodeCbor, isCborMap } from '../codec/cbor.ts';
import { CONTENT_FORMAT } from '../codec/ocf.ts';
import { OPTION, uintOption } from '../../coap/options.ts';
import { printValue } from '../value.ts';
import { pinPsk, uuidOctets } from './keys.ts';

/** How a played device differs from one that was just unpacked. */
export interface PlayedOptions {
  readonly oxms?: readonly number[];
  readonly pin?: string;
  /** It answers POSTs to this path with this code. */
  readonly refuses?: { readonly path: string; readonly code: string };
}

/** A secured device, played for unit tests: its security resources remember, and it lets in whom the access control list names. */
export interface PlayedDevice {
  readonly url: string;
  /** What was asked of it, as `clear POST /oic/sec/doxm`. */
  readonly asked: readonly string[];
  readonly doxm: Record<string, CborValue>;
  readonly pstat: Record<string, CborValue>;
  /** Replaces the key of its owner, as another tool would that took it over. */
  changeKey(key: Buffer): void;
  /** Back to the state in which it was unpacked, with this id. */
  reset(id: string): void;
  close(): Promise<void>;
}

const NOBODY = '00000000-0000-0000-0000-000000000000';
const FIRST_ID = 'aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb';

/** The owner key as the security document makes it, without the tester's code: one block of P_SHA256 is enough. */
function keyOf(block: Buffer, label: string, tester: string, device: string): Buffer {
  const seed = Buffer.concat([Buffer.from(label), uuidOctets(tester), uuidOctets(device)]);
  const hmac = (...parts: Buffer[]): Buffer => createHmac('sha256', block).update(Buffer.concat(parts)).digest();
  return hmac(hmac(seed), seed).subarray(0, 16);
}

/** Opens the device on two loopback ports. */
export async function playDevice(options: PlayedOptions = {}): Promise<PlayedDevice> {
  const sink = memorySink();
  const plain = await openUdp({ host: '127.0.0.1', port: 0, sink, channel: 'd' });
  const dtls = openDtls({
    wire: await openUdp({ host: '127.0.0.1', port: 0, sink, channel: 'd.dtls' }),
    sink,
    channel: 'd.coaps',
  });
  const asked: string[] = [];
  let entries: readonly string[] = [];
  const doxm: Record<string, CborValue> = {};
  const pstat: Record<string, CborValue> = {};
  let key: Buffer | undefined;
  let block: Buffer = Buffer.alloc(0);

  const reset = (id: string): void => {
    Object.assign(doxm, { oxms: options.oxms ?? [0], oxmsel: 4, sct: 9, owned: false, deviceuuid: id });
    Object.assign(doxm, { devowneruuid: NOBODY, rowneruuid: NOBODY });
    Object.assign(pstat, { dos: { s: 1, p: false }, cm: 2, tm: 0, om: 3, isop: false });
    key = undefined;
    dtls.serve(undefined);
  };
  const id = (): string => printValue(doxm['deviceuuid']);
  const byKey: ServerCredentials = {
    suites: ['TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256'],
    psk: (identity) => (identity.equals(uuidOctets(printValue(doxm['devowneruuid']))) ? key : undefined),
  };
  const chosen = (): ServerCredentials =>
    doxm['oxmsel'] === 1
      ? {
          suites: ['TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256'],
          psk: (identity) => (identity.toString() === 'oic.sec.doxm.rdp' ? pinPsk(options.pin ?? '', id()) : undefined),
        }
      : { suites: ['TLS_ECDH_anon_WITH_AES_128_CBC_SHA256'] };
  dtls.onSecure((info) => {
    block = info.exportKeyBlock();
  });

  const links = (): CborValue =>
    [
      { href: '/vendor/swu', rt: ['oic.r.softwareupdate'] },
      { href: '/oic/sec/doxm', rt: ['oic.r.doxm'] },
    ].map((link) => ({
      ...link,
      anchor: `ocf://${id()}`,
      if: ['oic.if.baseline'],
      p: { bm: 3 },
      eps: [{ ep: `coaps://${printPeer(dtls.local)}` }],
    }));
  const apply = (path: string, body: CborMap): void => {
    if (path === '/oic/sec/doxm') {
      Object.assign(doxm, body);
      if (body['oxmsel'] !== undefined) dtls.serve(chosen());
      if (body['owned'] === true) dtls.serve(byKey);
    }
    if (path === '/oic/sec/pstat') {
      const dos = isCborMap(body['dos']) ? body['dos']['s'] : undefined;
      Object.assign(pstat, body);
      if (dos === 0) reset(FIRST_ID.replace('aaaaaaaa', 'cccccccc'));
      else if (dos !== undefined) Object.assign(pstat, { dos: { s: dos, p: false }, cm: 0, isop: dos === 3 });
    }
    if (path === '/oic/sec/acl2' && Array.isArray(body['aclist2']))
      entries = JSON.stringify(body['aclist2']).includes('/vendor/swu') ? ['/vendor/swu'] : [];
    if (path === '/oic/sec/cred')
      key = keyOf(
        block,
        doxm['oxmsel'] === 1 ? 'oic.sec.doxm.rdp' : 'oic.sec.doxm.jw',
        printValue(doxm['devowneruuid']),
        id(),
      );
  };
  const answer = (value: CborValue, observed = false): ServedReply => ({
    code: '2.05',
    payload: encodeCbor(value),
    options: [
      ...(observed ? [uintOption(OPTION.observe, 1)] : []),
      uintOption(OPTION.contentFormat, CONTENT_FORMAT.ocfCbor),
    ],
  });
  const handle =
    (secure: boolean) =>
    ({ method, path, body, options: sentOptions }: ServedRequest): ServedReply => {
      asked.push(`${secure ? 'coaps' : 'clear'} ${method ?? ''} ${path}`);
      if (path === '/oic/res') return answer(links());
      const readable = secure || (path === '/oic/sec/doxm' && doxm['owned'] === false);
      if (!readable || (path === '/vendor/swu' && !entries.includes(path))) return { code: '4.01' };
      if (path === '/oic/sec/sp') return { code: '4.04' };
      const observes = sentOptions.some((o) => o.number === OPTION.observe && o.value.length === 0);
      if (method === 'GET') return answer(path === '/oic/sec/doxm' ? doxm : pstat, observes);
      if (options.refuses?.path === path) return { code: options.refuses.code };
      const sent = body.length === 0 ? undefined : decodeCbor(body);
      if (sent?.ok === true && isCborMap(sent.value)) apply(path, sent.value);
      return { code: method === 'DELETE' ? '2.02' : '2.04' };
    };
  const endpoints = [plain, dtls].map((wire) => openCoap({ wire, sink, channel: wire.secure ? 'd.coaps' : 'd' }));
  endpoints.forEach((endpoint, i) => openServer(endpoint).route(() => true, handle(i === 1)));
  reset(FIRST_ID);
  return {
    url: `coap://${printPeer(plain.local)}`,
    asked,
    doxm,
    pstat,
    changeKey: (other) => {
      key = other;
    },
    reset,
    async close() {
      for (const endpoint of endpoints) endpoint.close();
      await dtls.close();
      await plain.close();
    },
  };
}
