import type { Timing } from '../core/timing.ts';
import { type Arrival, BROADCAST, type Destination } from '../link/zigbee/link.ts';
import type { CommandType, CommandValue } from './codec/command.ts';
import { decodeFrame, encodeCommand } from './codec/frame.ts';
import { type Direction, direction, OTA_CLUSTER } from './codec/numbers.ts';
import type { Presence } from './presence.ts';
import type { Way } from './tester.ts';

/** So many sendings without a trace are explained by loss less than once in a thousand (10 % each way). */
export const TRIES = 5;
/** A frame that the dongle reports as lost goes out again so often. */
const REPEATS = 4;
/** Endpoint of the dongle that has the cluster as a server; adapters register it. */
export const SERVER_ENDPOINT = 13;
/** Endpoint from which the tester is a client. */
export const CLIENT_ENDPOINT = 1;
const EVERY_ENDPOINT = 0xff;

/** What the tester says of its own accord. */
export interface Asking {
  nextSequence(): number;
  /** Sends octets to the device, or to all, until they are delivered or the repeats are used up. */
  out(octets: Buffer, note: string, way?: Way): Promise<boolean>;
  /** Sends octets to where a frame came from. */
  back(to: Arrival, octets: Buffer, note: string): Promise<boolean>;
  /** Sends a command, anew while no answer comes; an answer to any of the sendings will do. False where none came within `answer` of the last. */
  ask<C extends CommandType>(
    note: string,
    type: C,
    value: CommandValue<C>,
    from: Direction,
    way?: Way,
  ): Promise<boolean>;
  /** The same with octets that are made for each sequence number. */
  insist(note: string, octets: (sequence: number) => Buffer, from: Direction, way?: Way): Promise<boolean>;
}

/** `everyone`: the broadcast address; a device that sleeps hears only the one of all nodes. */
export function asking(
  presence: Presence,
  timing: Timing,
  endpoint: number,
  ownEndpoint: number,
  everyone: number = BROADCAST.AWAKE,
): Asking {
  const { link } = presence;
  let sequence = 0;
  const nextSequence = (): number => {
    sequence = (sequence + 1) & 0xff;
    return sequence;
  };
  const deliver = async (to: Destination, octets: Buffer, note: string): Promise<boolean> => {
    for (let i = 0; i < REPEATS; i++) if ((await link.send(to, octets, note)).delivered) return true;
    return false;
  };
  const out: Asking['out'] = (octets, note, way = {}) => {
    const to =
      way.broadcast === true
        ? { address: everyone, endpoint: EVERY_ENDPOINT }
        : { address: presence.address(), endpoint, ieee: presence.ieee };
    return deliver({ ...to, cluster: OTA_CLUSTER, fromEndpoint: way.fromEndpoint ?? ownEndpoint }, octets, note);
  };
  /** Listens for the first frame of the device that answers one of these sequence numbers and comes from the asked side. */
  const listening = (
    wanted: ReadonlySet<number>,
    from: Direction,
  ): { within: (limit: string) => Promise<boolean>; stop: () => void } => {
    let came = false;
    let wake = (): void => undefined;
    const stop = link.onArrival(({ from: address, cluster, octets }) => {
      if (cluster !== OTA_CLUSTER || address !== presence.address()) return;
      const { header, ...rest } = decodeFrame(octets);
      const answers = rest.kind !== 'command' || rest.type.answers;
      if (header === undefined || !wanted.has(header.sequence) || header.direction === from || !answers) return;
      came = true;
      wake();
    });
    const within = (limit: string): Promise<boolean> =>
      new Promise((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          resolve(came);
        };
        const timer = setTimeout(end, came ? 0 : timing.real(limit));
        wake = end;
      });
    return { within, stop };
  };
  const insist: Asking['insist'] = async (note, octets, from, way) => {
    const wanted = new Set<number>();
    const { within, stop } = listening(wanted, from);
    try {
      for (let i = 1; i <= TRIES; i++) {
        const sequence = nextSequence();
        wanted.add(sequence);
        await out(octets(sequence), note, way);
        // An answer that is late is one all the same: only the last sending is waited for to the end.
        if (await within(i < TRIES ? 'askAgain' : 'answer')) return true;
      }
      return false;
    } finally {
      stop();
    }
  };
  return {
    nextSequence,
    out,
    back: (to, octets, note) =>
      deliver(
        {
          address: to.from,
          endpoint: to.fromEndpoint,
          cluster: to.cluster,
          fromEndpoint: to.toEndpoint,
          ieee: presence.ieee,
        },
        octets,
        note,
      ),
    ask: (note, type, value, from, way) =>
      insist(note, (wanted) => encodeCommand(type, value, { sequence: wanted, direction: from }), from, way),
    insist,
  };
}

/** The side that the tester plays towards a client under test. */
export const AS_SERVER = direction.SERVER_TO_CLIENT;
/** The side that the tester plays towards a server under test. */
export const AS_CLIENT = direction.CLIENT_TO_SERVER;
