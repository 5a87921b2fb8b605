import { setTimeout as sleep } from 'node:timers/promises';
import { DriveEnd } from '../core/case.ts';
import { BenchError } from '../core/errors.ts';
import type { Bench } from '../core/standard.ts';
import { watcher } from '../core/watch.ts';
import { BROADCAST } from '../link/zigbee/link.ts';
import { arranger } from './arrange.ts';
import { AS_CLIENT, AS_SERVER, asking, CLIENT_ENDPOINT, SERVER_ENDPOINT, TRIES } from './asking.ts';
import { encodeCommand, rawFrame } from './codec/frame.ts';
import { readAttributes } from './codec/global.ts';
import { frameType, OTA_CLUSTER } from './codec/numbers.ts';
import { imageNotify } from './codec/ota.ts';
import { imagesOf } from './images.ts';
import { findDevice } from './presence.ts';
import { otaServer } from './server.ts';
import type { ZigbeeTester } from './tester.ts';

/** Item of a sleepy end device. */
const SLEEPY = 'ZBOTA 5/12';
const CLUSTER_REVISION = 0xfffd;
const IMAGE_UPGRADE_STATUS = 0x0006;
/** Real milliseconds for a console to answer a line. */
const CONSOLE_MS = 5_000;

/** Opens the dongle of the rig and finds the device; the tester then plays the other side of the cluster. Rejects with a BenchError. */
export async function openTester(bench: Bench): Promise<ZigbeeTester> {
  const { timing, ixit } = bench;
  const presence = await findDevice(bench);
  const { link } = presence;
  const isServer = bench.declared('ZBOTA 1/2') && !bench.declared('ZBOTA 1/1');
  const endpoint = bench.has('endpoint') ? Number(bench.address('endpoint')) : ixit.number('endpoint');
  const ownEndpoint = isServer ? CLIENT_ENDPOINT : SERVER_ENDPOINT;
  const everyone = bench.declared(SLEEPY) ? BROADCAST.ALL : BROADCAST.AWAKE;
  const speaking = asking(presence, timing, endpoint, ownEndpoint, everyone);
  const side = isServer ? AS_CLIENT : AS_SERVER;
  // A dongle that is gone shows in the next question; an answer that nobody waits for must not end the process.
  const server = otaServer((to, octets, note) => speaking.back(to, octets, note).catch(() => false), timing);
  const stopListening = link.onArrival((arrival) => {
    if (!isServer && arrival.cluster === OTA_CLUSTER && arrival.from === presence.address()) server.handle(arrival);
  });
  const undo: string[] = [];

  const read: ZigbeeTester['readAttributes'] = (note, ids) =>
    speaking.ask(note, readAttributes, { attributes: [...ids] }, side);
  const watch = watcher(timing, async () => void (await read('look', [IMAGE_UPGRADE_STATUS])));
  const line = async (text: string): Promise<void> => {
    if (bench.console === undefined) throw new DriveEnd('this rig has no console');
    await bench.console.ask(text, CONSOLE_MS);
  };
  const lineOf = (name: string, given: readonly (string | number)[]): string => {
    if (!ixit.has(name)) throw new DriveEnd(`the IXIT has no ${name}`);
    return ixit.text(name).replace(/\$(\d)/g, (_, digit: string) => String(given[Number(digit) - 1] ?? ''));
  };
  const power = (): NonNullable<Bench['power']> => {
    if (bench.power === undefined) throw new DriveEnd('this rig has no power switch');
    return bench.power;
  };

  const tester: Omit<ZigbeeTester, 'internals'> = {
    ...imagesOf(ixit),
    declared: (item) => bench.declared(item),
    offer: (offer) => server.offer(offer),
    offerNothing: () => server.clear(),
    async notify(note, notify, way) {
      const options = { sequence: speaking.nextSequence(), disableDefaultResponse: way?.broadcast === true };
      await speaking.out(encodeCommand(imageNotify, notify, options), note, way);
    },
    async send(note, type, value, way) {
      const options = { sequence: speaking.nextSequence(), direction: side };
      await speaking.out(encodeCommand(type, value, options), note, way);
    },
    ask: (note, type, value, way) => speaking.ask(note, type, value, side, way),
    async raw(note, command, payload, header = {}, way = {}) {
      const { manufacturerCode, wrongDirection, disableDefaultResponse } = header;
      const from = wrongDirection === true ? (side === AS_SERVER ? AS_CLIENT : AS_SERVER) : side;
      const whole = {
        frameType: frameType.CLUSTER,
        direction: from,
        sequence: speaking.nextSequence(),
        disableDefaultResponse: disableDefaultResponse === true || way.broadcast === true ? 1 : 0,
        ...(manufacturerCode === undefined ? {} : { manufacturerSpecific: 1, manufacturerCode }),
      };
      await speaking.out(rawFrame(whole, command, payload), note, way);
    },
    askRaw: (note, command, payload) =>
      speaking.insist(
        note,
        (sequence) => rawFrame({ frameType: frameType.CLUSTER, direction: side, sequence }, command, payload),
        side,
      ),
    readAttributes: read,
    watchStatus: () => watch.start(),
    rest: () => watch.stop(),
    say: (name, ...given) => line(lineOf(name, given)),
    async sayUntilEnd(name, back, ...given) {
      const taken = lineOf(back, given);
      await line(lineOf(name, given));
      undo.push(taken);
    },
    frameOf: (type, value) => encodeCommand(type, value, { sequence: speaking.nextSequence(), direction: side }),
    async describe() {
      for (let i = 0; i < TRIES; i++)
        if ((await link.describe(presence.ieee, presence.address(), endpoint)) !== undefined) return;
    },
    rejoin: () => presence.rejoin(),
    async off() {
      await watch.stop();
      await power().off();
    },
    async on() {
      await power().on();
    },
    eui64: presence.ieee,
    ownEui64: link.ieee,
  };
  /** Answers an attribute that every device with the cluster has. */
  const answers = (): Promise<boolean> => read('alive', [CLUSTER_REVISION]);
  const alive = async (): Promise<void> => {
    if (await answers()) return;
    await presence.find();
    if (await answers()) return;
    throw new BenchError('no-answer', `the device ${presence.ieee} does not answer a Read Attributes`, {
      place: { where: `endpoint ${endpoint}` },
    });
  };
  return {
    ...tester,
    internals: {
      alive,
      ...arranger({ bench, tester, link, alive, clear: () => server.clear() }),
      async settle() {
        await watch.stop();
        server.clear();
        for (const back of undo.splice(0)) await line(back);
      },
      async close() {
        await watch.stop().catch(() => undefined);
        stopListening();
        await link.close();
        // The library's last words reach the socket before the process goes on.
        await sleep(0);
      },
    },
  };
}
