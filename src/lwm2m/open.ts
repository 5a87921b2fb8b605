import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Observation, Observed } from '../coap/observe.ts';
import type { Outcome } from '../coap/request.ts';
import { DriveEnd } from '../core/case.ts';
import { BenchError } from '../core/errors.ts';
import type { Bench } from '../core/standard.ts';
import { watcher } from '../core/watch.ts';
import { localTowards } from '../link/udp.ts';
import { type Peer, printPeer } from '../link/wire.ts';
import { arranger } from './arrange.ts';
import { type Account, bootstrapServer } from './bootstrap.ts';
import { type Ask, entriesOf, openClient, readFormat, STEP } from './client.ts';
import { encodeContent, FORMAT } from './codec/content.ts';
import { type Path, printPath } from './codec/path.ts';
import { RES } from './codec/swmgmt.ts';
import { type Entry, integer, string, type Value } from './codec/value.ts';
import { addressOf, type Door, openDoor, pskOf } from './door.ts';
import { valueAt } from './kinds.ts';
import type { Look, Triple } from './machine.ts';
import { packageServers } from './packages.ts';
import { type Registration, registry } from './registry.ts';
import { stepper } from './steps.ts';
import type { Lwm2mTester, Variation, Watching } from './tester.ts';

/** Where the registration of a device is kept over runs: one that believes itself registered says nothing by itself. */
const MEMORY = 'registration.json';

function isEntries(content: Value | readonly Entry[] | Uint8Array): content is readonly Entry[] {
  return Array.isArray(content);
}

function payloadOf(path: Path, content: Value | readonly Entry[] | Uint8Array, format: number): Buffer {
  if (content instanceof Uint8Array) return Buffer.from(content);
  return encodeContent(format, path, isEntries(content) ? content : [{ path, value: content }]);
}

/** Real time until a console has answered a line. */
const CONSOLE_MS = 10_000;

function remembered(file: string): Registration | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Registration;
  } catch {
    return undefined;
  }
}

/** State, result and activation among the values of an instance. */
function tripleOf(entries: readonly Entry[] | undefined, instance: number): Triple | undefined {
  const numbers = [RES.state, RES.result, RES.activation].map((resource) => {
    const value = entries === undefined ? undefined : valueAt(entries, [9, instance, resource]);
    return value?.type === 'Integer' || value?.type === 'Boolean' ? Number(value.value) : undefined;
  });
  const [state, result, active] = numbers;
  if (state === undefined || result === undefined || active === undefined) return undefined;
  return { state, result, active: active === 1 };
}

/** The port of the bootstrap server: the one of the LwM2M server where the rig names the same for both. */
async function openBootstrap(bench: Bench, door: Door): Promise<Door> {
  const same = bench.address('bootstrap') === bench.address('listen');
  return same ? door : openDoor(bench, addressOf(bench.address('bootstrap')), 'bootstrap');
}

/** Opens the LwM2M server of the bench and waits for the device to register. Rejects with a BenchError where the port cannot be had or nobody registers. */
export async function openTester(bench: Bench): Promise<Lwm2mTester> {
  const { timing } = bench;
  const address = addressOf(bench.address('listen'));
  const door = await openDoor(bench, address, 'coap');
  const { endpoint, server } = door;
  const device = bench.has('endpoint') ? bench.address('endpoint') : undefined;
  const roster = registry(bench.events, device);
  const client = openClient(bench, endpoint, roster);
  const memory = join(bench.stateDir, MEMORY);
  server.route(
    (path) => path === '/rd' || path.startsWith('/rd/'),
    (request) => {
      const answer = roster.serve(request);
      const now = roster.current();
      if (now !== undefined && answer.code.startsWith('2.')) writeFileSync(memory, JSON.stringify(now));
      return answer;
    },
  );
  server.route('/dp', () => ({ code: '2.04' }));

  /** The address of the bench that a device reaches. */
  const hostFor = (peer: () => Peer): string | Promise<string> => {
    if (bench.has('localAddress')) return bench.address('localAddress');
    const wild = address.host === '0.0.0.0' || address.host === '::';
    return wild ? localTowards(peer()) : address.host;
  };
  const host = async (): Promise<string> => hostFor(() => client.registration().peer);
  const told = async (name: string, peer: Peer): Promise<Account> => {
    const port = endpoint.local.port;
    const uri = `${address.secure ? 'coaps' : 'coap'}://${printPeer({ address: await hostFor(() => peer), port })}`;
    if (!address.secure) return { uri };
    if (!bench.has('psk'))
      throw new BenchError(
        'bootstrap',
        'the bootstrap server gives accounts in clear or with a psk; the rig has no psk',
      );
    const { key, identity = Buffer.from(name, 'utf8') } = pskOf(bench);
    return { uri, psk: { identity, key } };
  };
  const bootDoor = bench.has('bootstrap') ? await openBootstrap(bench, door) : undefined;
  if (bootDoor !== undefined) {
    const asked = (): void => roster.forget();
    const boot = bootstrapServer({ bench, endpoint: bootDoor.endpoint, device, account: told, asked });
    bootDoor.server.route('/bs', (request) => boot.serve(request));
  }
  const packages = packageServers(bench, host);
  const steps = stepper(bench, endpoint, client);
  const observations: Observation[] = [];
  const open: { holds: Parameters<typeof packages.content>[0] | undefined; transfer: boolean } = {
    holds: undefined,
    transfer: false,
  };

  const accept = (): number => readFormat(client.registration().version, (item) => bench.declared(item));
  const varied = ({ confirmable, szx, options }: Variation): Omit<Variation, 'format'> => ({
    ...(confirmable === undefined ? {} : { confirmable }),
    ...(szx === undefined ? {} : { szx }),
    ...(options === undefined ? {} : { options }),
  });
  const readAs = async (
    operation: 'read' | 'look' | 'alive',
    path: Path,
    label: string | undefined,
    o: Variation = {},
  ): Promise<Outcome> => {
    const single = path.length === 3;
    const format = o.format === undefined ? (single && operation === 'alive' ? FORMAT.text : accept()) : o.format;
    return client.request({
      operation,
      method: 'GET',
      path,
      ...varied(o),
      ...(label === undefined ? {} : { label }),
      ...(format === null ? {} : { accept: format }),
    });
  };
  const look = async (instance: number): Promise<Look | undefined> => {
    const outcome = await readAs('look', [9, instance], undefined);
    const answered = outcome.kind === 'reply' && outcome.code === '2.05' && outcome.complete;
    return tripleOf(entriesOf(outcome, [9, instance]), instance) ?? (answered ? 'unreadable' : undefined);
  };
  const watch = watcher(timing, async (instance: number) => {
    await look(instance).catch((e: unknown) => {
      // A device that reboots is not registered for a while.
      if (!(e instanceof DriveEnd)) throw e;
    });
  });
  const power = (): NonNullable<Bench['power']> => {
    if (bench.power === undefined) throw new DriveEnd('this rig has no power switch');
    return bench.power;
  };

  /** SenML CBOR where the device declares it, else SenML JSON. */
  const compositeFormat = (): number => (bench.declared('SWMGMT 9/5') ? FORMAT.senmlCbor : FORMAT.senmlJson);
  /** What a composite Read or observation asks for. */
  const together = (paths: readonly Path[]): Pick<Ask, 'payload' | 'format' | 'accept'> => {
    const format = compositeFormat();
    const asked = paths.map((path) => ({ path }));
    return { payload: encodeContent(format, [], asked), format, accept: format };
  };
  const watching = async (observing: Promise<Observed>): Promise<Watching | undefined> => {
    const observed = await observing;
    if (observed.kind !== 'observing') return undefined;
    const { observation } = observed;
    observations.push(observation);
    return { end: async (how) => void (await observation.cancel(how)) };
  };

  /** A resource of the device's account with this server. */
  const account = (resource: number): Path => {
    const server = client.registration().links?.links.find((l) => l.path[0] === 1 && l.path.length === 2);
    return [1, server?.path[1] ?? 0, resource];
  };

  /** What a case does to the device ends what is known of its package. */
  const touched = (): void => {
    open.holds = undefined;
  };

  const tester: Omit<Lwm2mTester, 'internals'> = {
    registration: () => client.registration(),
    async read(path, label, o) {
      const outcome = await readAs('read', path, label, o);
      // Silence of all repetitions may be the link's: what only reads can be asked anew.
      const lost = outcome.kind === 'silence' && o?.confirmable !== false;
      const again = lost ? await readAs('read', path, label, o) : outcome;
      return entriesOf(again, path);
    },
    discover: (path, label) =>
      client.request({ operation: 'discover', method: 'GET', path, label, accept: FORMAT.link }),
    write(path, content, label, o = {}) {
      touched();
      const format = o.format === undefined ? FORMAT.text : o.format;
      const payload = payloadOf(path, content, format ?? FORMAT.text);
      const described = format === null ? {} : { format };
      return client.request({ operation: 'write', method: 'PUT', path, label, payload, ...described, ...varied(o) });
    },
    update(path, entries, label) {
      const format = accept();
      const payload = encodeContent(format, path, entries);
      return client.request({ operation: 'write', method: 'POST', path, label, payload, format });
    },
    attributes(path, attributes, label) {
      const query = Object.entries(attributes).map(([name, value]) => (value === '' ? name : `${name}=${value}`));
      return client.request({ operation: 'attributes', method: 'PUT', path, label, query });
    },
    execute(path, label, argument, o = {}) {
      touched();
      const payload = argument === undefined ? {} : { payload: Buffer.from(argument), format: FORMAT.text };
      return client.request({ operation: 'execute', method: 'POST', path, label, ...payload, ...varied(o) });
    },
    create(object, payload, label, o = {}) {
      const format = o.format === undefined ? FORMAT.tlv : o.format;
      const described = format === null ? {} : { format };
      return client.request({ operation: 'create', method: 'POST', path: [object], label, payload, ...described });
    },
    remove: (path, label) => client.request({ operation: 'delete', method: 'DELETE', path, label }),
    readTogether: (paths, label) =>
      client.request({ operation: 'read-composite', method: 'FETCH', path: [], label, ...together(paths) }),
    writeTogether(entries, label) {
      touched();
      const format = compositeFormat();
      const payload = encodeContent(format, [], entries);
      return client.request({ operation: 'write-composite', method: 'iPATCH', path: [], label, payload, format });
    },
    observe: (path, label) => watching(client.observe({ path, label, accept: accept() })),
    observeTogether: (paths, label) =>
      watching(client.observe({ path: [], label, method: 'FETCH', ...together(paths) })),
    push(instance, name, label, o = {}) {
      touched();
      const format = o.format === undefined ? FORMAT.opaque : o.format;
      const path = [9, instance, RES.package];
      const octets = packages.content(name);
      const payload = format === null ? octets : payloadOf(path, { type: 'Opaque', value: octets }, format);
      const described = format === null ? {} : { format };
      const how = { ...described, ...varied(o), restartSmaller: true } as const;
      return client.request({ operation: 'write', method: 'PUT', path, label, payload, ...how });
    },
    pull: (instance, uri, label) => tester.write([9, instance, RES.uri], string(uri), label),
    async block(label, ask) {
      touched();
      open.transfer = true;
      return client.block(label, ask);
    },
    async twice(label, request) {
      touched();
      await steps.twice(label, request);
    },
    ping: (label) => steps.ping(label),
    watch: (instance) => watch.start(instance),
    rest: () => watch.stop(),
    content: (name) => packages.content(name),
    serve: (name, offer) => packages.serve(name, offer),
    nobody: () => packages.nobody(),
    missing: () => packages.missing(),
    swap: (url, name) => packages.swap(url, name),
    behave: (url, behaviour) => packages.behave(url, behaviour),
    async anew(label) {
      // The next Update is answered 4.04.
      roster.lose();
      const registering = roster.next(timing.real('registerS'));
      const step = (what: string): void =>
        void bench.events.append({ channel: 'coap', type: STEP, data: { label, what, code: null, type: null } });
      if (bench.has('registerLine')) {
        step('console');
        await registerLine(bench);
      } else {
        const answer = await tester.trigger(label);
        const taken = answer.kind === 'reply' && answer.code.startsWith('2.');
        if (!taken && bench.power !== undefined) {
          await tester.off();
          step('power');
          return tester.on();
        }
      }
      await registering;
    },
    async factory() {
      if (bench.reset === undefined) throw new DriveEnd('this rig has no factory reset');
      touched();
      await bench.reset.reset();
    },
    lifetime: (seconds, label) => tester.write(account(1), integer(seconds), label),
    trigger: (label) => tester.execute(account(8), label),
    registers: (limit) => roster.next(timing.real(limit)),
    impair: (impairments) => door.impair(impairments),
    async off() {
      const supply = power();
      await watch.stop();
      await supply.off();
      const peer = roster.current()?.peer;
      roster.forget();
      if (peer !== undefined) server.forget(peer);
      for (const observation of observations.splice(0)) await observation.cancel('reset');
    },
    async on() {
      const registering = roster.next(timing.real('registerS'));
      await power().on();
      if (roster.current() === undefined && (await registering) === undefined)
        throw new BenchError('no-registration', 'the device did not register after power on');
    },
    declared: (item) => bench.declared(item),
  };

  /** A registration there is, or the device is made to make one. */
  const registered = async (): Promise<void> => {
    if (roster.current() !== undefined) return;
    // Over DTLS only the device can begin: without an association nothing can be sent to it, and it notices that the old one is gone.
    const known = address.secure ? undefined : remembered(memory);
    if (known !== undefined) {
      roster.adopt(known);
      // Registration Update Trigger; a device that does not know us any more stays silent and registers in its own time.
      await client.request({
        operation: 'look',
        method: 'POST',
        path: [1, 0, 8],
        label: 'registration update trigger',
      });
      const answer = await readAs('look', [9, bench.ixit.number('instance')], undefined);
      if (answer.kind === 'reply') return;
      roster.forget();
    }
    if (roster.current() === undefined && (await roster.next(timing.real('registerS'))) === undefined)
      throw new BenchError(
        'no-registration',
        `no device registered in ${Math.round(timing.real('registerS') / 1000)} s; switch it off and on, or point it to this server`,
        { place: { where: bench.address('listen') } },
      );
  };
  /** A block transfer that a case broke off is over when the device serves Reads and is at rest. */
  const closeTransfer = async (): Promise<void> => {
    if (!open.transfer) return;
    open.transfer = false;
    const end = performance.now() + timing.real({ timer: 'unfinishedS', times: 1.2 });
    const instance = bench.ixit.number('instance');
    for (;;) {
      const seen = await look(instance);
      const closed = seen === 'unreadable' || (seen !== undefined && seen.state !== 1);
      if (closed || performance.now() >= end) {
        bench.events.append({ channel: 'coap', type: 'lwm2m.transfer', data: { closed } });
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, timing.real('pollInterval')));
    }
  };

  const internals: Lwm2mTester['internals'] = {
    async alive() {
      await registered();
      const path = [9, bench.ixit.number('instance'), RES.state];
      const outcome = await readAs('alive', path, undefined);
      if (outcome.kind === 'reply') return;
      throw new BenchError('no-answer', `the device did not answer GET ${printPath(path)} (${outcome.kind})`, {
        place: { where: printPeer(client.registration().peer) },
      });
    },
    registered,
    ...arranger({ bench, tester, look, open, clear: () => packages.clear() }),
    async settle() {
      door.impair(undefined);
      await watch.stop();
      for (const observation of observations.splice(0))
        if (!observation.ended && roster.current() !== undefined) await observation.cancel('request');
      packages.clear();
      if (roster.current() !== undefined) await closeTransfer();
    },
    async close() {
      await watch.stop().catch(() => undefined);
      for (const observation of observations.splice(0)) await observation.cancel('reset');
      await packages.close();
      if (bootDoor !== undefined && bootDoor !== door) await bootDoor.close();
      await door.close();
    },
  };
  return { ...tester, internals };
}

/** The console of the device makes it register. Throws a BenchError where the rig has none. */
async function registerLine(bench: Bench): Promise<void> {
  const place = { where: 'iut.SWMGMT.registerLine' };
  if (bench.console === undefined)
    throw new BenchError('console', 'registerLine needs a console in the rig', { place });
  await bench.console.ask(bench.address('registerLine'), CONSOLE_MS);
}
