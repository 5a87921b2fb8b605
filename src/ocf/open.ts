import { setTimeout as sleep } from 'node:timers/promises';
import { BenchError } from '../core/errors.ts';
import { DriveEnd } from '../core/case.ts';
import type { Bench } from '../core/standard.ts';
import { watcher } from '../core/watch.ts';
import { SHELF } from '../link/packages/shelf.ts';
import type { Observation } from '../coap/observe.ts';
import type { Outcome } from '../coap/request.ts';
import type { ActionName } from './codec/swu.ts';
import { type Device, mapOf, openDevice } from './device.ts';
import { printInstant } from './instant.ts';
import { arranger } from './arrange.ts';
import { packageStand } from './packages/stand.ts';
import { SCHEDULE } from './run.ts';
import type { OcfTester, Plan, UpdateBody } from './tester.ts';
import { securityVerbs } from './security/verbs.ts';
import { isSecured } from './target.ts';

/** An UPDATE may wait for the exchange before it, and be repeated. */
const SLOW_MARGIN = 3;
const SLOW_LEADS = 3;

/** The longest package URL that the schema allows. */
const PURL_MAX = 64;

/** Opens the OCF client of the bench. Rejects with a BenchError where the link or the device's address is no good; sends nothing. */
export async function openTester(bench: Bench): Promise<OcfTester> {
  const { events, timing, clock } = bench;
  const device: Device = await openDevice(bench);
  const stand = packageStand(bench, device.local, device);
  const watch = watcher(timing, () => device.look());
  const observations: Observation[] = [];
  const dues = new Map<string, number>();
  const open = { pending: false, upgraded: false, moved: false };

  const time: OcfTester['time'] = (ahead, sign = 1) =>
    printInstant(clock.protocolNow() + sign * timing.protocol(ahead));
  const url: OcfTester['url'] = (name, length = 0) => {
    const base = `${stand.scheme}://${device.local.includes(':') ? `[${device.local}]` : device.local}${SHELF}/${name}`;
    return base.length >= length ? base : `${base}/`.padEnd(length, 'x');
  };
  const body = (changes: Partial<UpdateBody> = {}): UpdateBody => ({
    purl: url('none').slice(0, PURL_MAX),
    swupdateaction: 'idle',
    updatetime: time({ timer: 'farAhead' }),
    ...changes,
  });
  const update: OcfTester['update'] = (sent, o = {}) => {
    if (!(sent instanceof Uint8Array) && sent['swupdateaction'] !== 'idle') open.pending = true;
    return device.request('POST', { ...o, subject: 'swu', body: sent });
  };
  const retrieve: OcfTester['retrieve'] = async (label, o = {}) =>
    mapOf(await device.request('GET', { ...o, subject: 'swu', ...(label === undefined ? {} : { label }) }));

  const schedule = async (action: ActionName, { purl, label = 'run', lead }: Plan): Promise<Outcome> => {
    // A slow device, or a lossy link, needs more time to take the UPDATE before the time in it; one unlucky exchange does not make a link that slow.
    const slowMs = Math.min(
      (device.slowestMs() * SLOW_MARGIN) / timing.factors.protocol,
      timing.protocol({ timer: 'scheduleLead', times: SLOW_LEADS }),
    );
    const due = printInstant(clock.protocolNow() + timing.protocol(lead ?? { timer: 'scheduleLead' }) + slowMs);
    dues.set(label, Date.parse(due));
    events.append({
      channel: 'ocf',
      type: SCHEDULE,
      data: { action, purl, time: due, inMs: Date.parse(due) - clock.protocolNow(), label },
    });
    // A device that goes on by itself (4/6) ends with new software whatever the action was.
    if (action === 'upgrade' || bench.declared('OCFSWU 4/6')) open.upgraded = true;
    return update({ purl, swupdateaction: action, updatetime: due }, { label });
  };
  const cancel: OcfTester['cancel'] = async (label) => {
    const outcome = await update(body(), label === undefined ? {} : { label });
    if (outcome.kind === 'reply' && outcome.code.startsWith('2.')) open.pending = false;
    return outcome;
  };
  const stopAll = async (): Promise<void> => {
    await watch.stop();
    for (const observation of observations.splice(0)) if (!observation.ended) await observation.cancel('request');
  };
  const back = async (): Promise<void> => {
    for (const observation of observations.splice(0)) await observation.cancel('reset');
    await device.restarted();
  };
  const backAsNew = async (): Promise<void> => {
    stand.forget();
    await back();
  };

  const tester: Omit<OcfTester, 'internals'> = {
    ...securityVerbs({ bench, device, observations, open, back: backAsNew }),
    discover: async ({ label, rt }) =>
      device.client.request('GET', {
        to: await device.peer(),
        path: '/oic/res',
        subject: 'links',
        label,
        ...(rt === undefined ? {} : { query: [`rt=${rt}`] }),
      }),
    multicast: async (query) => (await device.multicast(query)).length > 0,
    retrieve,
    update,
    send: (method, o = {}) => device.request(method, { ...o, subject: 'swu' }),
    readOther: async (path, label) =>
      mapOf(await device.client.request('GET', { to: await device.peer(), path, subject: 'version', label })),
    body,
    time,
    schedule,
    leads: (label = 'run') =>
      Math.max(0, (dues.get(label) ?? 0) - clock.protocolNow()) / timing.protocol('scheduleLead'),
    cancel,
    async observe(label, o = {}) {
      const observation = await device.observe({ ...o, ...(label === undefined ? {} : { label }) });
      if (observation === undefined) return undefined;
      observations.push(observation);
      return {
        async end(how) {
          await observation.cancel(how);
        },
      };
    },
    async watch() {
      if (watch.running) return;
      // A client observes a resource once (RFC 7641 3.1); a case that holds an observation sees through that one.
      if (bench.declared('OCFSWU 1/4') && observations.every((o) => o.ended)) {
        const observation = await device.observe({ label: 'watch' });
        if (observation !== undefined) observations.push(observation);
      }
      watch.start();
    },
    serve: (name, offer) => stand.serve(name, offer),
    url,
    async off() {
      if (bench.power === undefined) throw new DriveEnd('this rig has no power switch');
      await watch.stop();
      await bench.power.off();
    },
    async on() {
      if (bench.power === undefined) throw new DriveEnd('this rig has no power switch');
      await bench.power.on();
      await back();
    },
    async factoryReset() {
      if (bench.reset === undefined) throw new BenchError('no-reset', 'this rig cannot reset the device');
      await watch.stop();
      await bench.reset.reset();
      await sleep(timing.real('resetPause'));
      open.pending = false;
      await backAsNew();
    },
    declared: (item) => bench.declared(item),
  };
  /** Ends the drive at a device that answers nothing any more: every further request would be waited for in vain. */
  const owed = async <R>(result: Promise<R>): Promise<R> => {
    const done = await result;
    if (await device.gone()) throw new DriveEnd('the device does not answer any more');
    return done;
  };
  return {
    ...tester,
    retrieve: (label, o) => owed(tester.retrieve(label, o)),
    update: (sent, o) => owed(tester.update(sent, o)),
    send: (method, o) => owed(tester.send(method, o)),
    schedule: (action, plan) => owed(tester.schedule(action, plan)),
    cancel: (label) => owed(tester.cancel(label)),
    observe: (label, o) => owed(tester.observe(label, o)),
    trigger: (mode, label) => owed(tester.trigger(mode, label)),
    modes: (label) => owed(tester.modes(label)),
    setModes: (sent, label) => owed(tester.setModes(sent, label)),
    internals: {
      alive: () => device.alive(),
      async reachable() {
        if (isSecured(bench)) await device.target();
      },
      ...arranger({ bench, device, tester, stand, open, watch }),
      async settle() {
        await stopAll();
        stand.clear();
        // A case may leave the device without owner, or out of normal operation.
        if (open.moved) {
          device.unsettle();
          await device.target();
          open.moved = false;
        }
        if (open.pending) await cancel('settle');
      },
      async close() {
        await watch.stop().catch(() => undefined);
        for (const observation of observations.splice(0)) await observation.cancel('reset');
        await stand.close();
        await device.close();
      },
    },
  };
}
