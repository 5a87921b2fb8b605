import { createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { benchClock } from '../core/clock.ts';
import { memorySink } from '../core/events.ts';
import { ixitOf } from '../core/ixit.ts';
import type { Bench } from '../core/standard.ts';
import { timingOf } from '../core/timing.ts';
import { newAuthority, newRawKey, toPem } from '../link/dtls/certificates.ts';
import type { ClientCredentials } from '../link/dtls/credentials.ts';
import { openDtls } from '../link/dtls/wire.ts';
import { openUdp } from '../link/udp.ts';
import { credentialsOf, openDoor } from './door.ts';
import { LWM2M_TIMING } from './timing.ts';

describe('LwM2M server port: security', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lwm2m-door-'));
  after(() => rmSync(folder, { recursive: true }));

  function benchWith(entries: Readonly<Record<string, string>>): Bench {
    const ixit = ixitOf({});
    return {
      events: memorySink(),
      clock: benchClock(Date.now(), 1),
      timing: timingOf(LWM2M_TIMING, ixit, { protocol: 0.05, link: 0.1 }),
      ixit,
      policies: {},
      declared: () => true,
      address: (name) => entries[name] ?? '',
      has: (name) => entries[name] !== undefined,
      stateDir: folder,
      privateDir: folder,
    };
  }

  /** The suite of an association that a device makes with these credentials, or why there is none. */
  async function handshake(entries: Readonly<Record<string, string>>, device: ClientCredentials): Promise<string> {
    const address = { secure: true, host: '127.0.0.1', port: 0 };
    const door = await openDoor(benchWith(entries), address, 'coap');
    const wire = openDtls({
      wire: await openUdp({ host: '127.0.0.1', port: 0, sink: memorySink(), channel: 'device' }),
      sink: memorySink(),
      channel: 'device',
    });
    try {
      const { suite } = await wire.connect(door.endpoint.local, device, { deadlineMs: 2000 });
      return suite;
    } catch (e) {
      return String(e);
    } finally {
      await wire.close();
      await door.close();
    }
  }

  it('meets devices with X.509 certificates, and none whose certificate it does not trust', async () => {
    const [authority, stranger] = [await newAuthority({ name: 'bench' }), await newAuthority({ name: 'stranger' })];
    const own = toPem(await authority.issue({ name: 'server' }));
    const entries = {
      certificate: `${own.certificates}\n${own.key}`,
      trust: authority.certificate.toString(),
    };
    const trust = { roots: [authority.certificate] };
    const good = { certificate: await authority.issue({ name: 'device' }), trust };
    expect(await handshake(entries, good)).to.match(/ECDHE_ECDSA/);
    const bad = { certificate: await stranger.issue({ name: 'device' }), trust };
    expect(await handshake(entries, bad)).to.contain('unknown_ca');
  });

  it('meets a device with its raw public key, and no other', async () => {
    const [server, device, other] = [await newRawKey(), await newRawKey(), await newRawKey()];
    const trustedKey = createPublicKey(device.key).export({ type: 'spki', format: 'pem' }).toString();
    const entries = { rawKey: toPem(server).key, trustedKey };
    const trust = { keys: [createPublicKey(server.key)] };
    expect(await handshake(entries, { certificate: device, trust })).to.match(/ECDHE_ECDSA/);
    expect(await handshake(entries, { certificate: other, trust })).to.contain('certificate_unknown');
  });

  it('meets devices with certificates and one with its raw public key on the same port', async () => {
    const [authority, bare] = [await newAuthority({ name: 'bench' }), await newRawKey()];
    const issued = await authority.issue({ name: 'server' });
    const own = toPem(issued);
    const entries = {
      certificate: `${own.certificates}\n${own.key}`,
      trust: authority.certificate.toString(),
      trustedKey: createPublicKey(bare.key).export({ type: 'spki', format: 'pem' }).toString(),
    };
    const serverKey = { keys: [createPublicKey(issued.key)] };
    expect(await handshake(entries, { certificate: bare, trust: serverKey })).to.match(/ECDHE_ECDSA/);
    const certified = {
      certificate: await authority.issue({ name: 'device' }),
      trust: { roots: [authority.certificate] },
    };
    expect(await handshake(entries, certified)).to.match(/ECDHE_ECDSA/);
    expect(await handshake(entries, { certificate: await newRawKey(), trust: serverKey })).to.contain(
      'certificate_unknown',
    );
  });

  it('says what a rig lacks for coaps', () => {
    expect(() => credentialsOf(benchWith({}))).to.throw('psk, certificate or rawKey');
    expect(() => credentialsOf(benchWith({ rawKey: 'nothing' }))).to.throw('a private key in PEM');
  });
});
