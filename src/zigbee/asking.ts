import type { Timing } from '../core/timing.ts';
import { type Arrival, BROADCAST, type Destination } from '../link/zigbee/link.ts';
import type { CommandType, CommandValue } from './codec/command.ts';
import { decodeFrame, encodeCommand } from './codec/frame.ts';
import { type Direction, direction, OTA_CLUSTER } from './codec/numbers.ts';
import type { Presence } from './presence.ts';
import type { Way } from './tester.ts';

/** So many sendings without a trace are explained by loss less than once in a thousand (10 % each way). */
export const TRIES = 4;
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
  /** Sends a command and waits for an answer with its sequence number, anew where none comes. */
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

export function asking(presence: Presence, timing: Timing, endpoint: number, ownEndpoint: number): Asking {
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
        ? { address: BROADCAST.AWAKE, endpoint: EVERY_ENDPOINT }
        : { address: presence.address(), endpoint, ieee: presence.ieee };
    return deliver({ ...to, cluster: OTA_CLUSTER, fromEndpoint: way.fromEndpoint ?? ownEndpoint }, octets, note);
  };
  /** Resolves true with the first frame of the device that has this sequence number and comes from the asked side. */
  const answered = (wanted: number, from: Direction): { came: Promise<boolean>; stop: () => void } => {
    let stop = (): void => undefined;
    const came = new Promise<boolean>((resolve) => {
      const unsubscribe = link.onArrival(({ from: address, cluster, octets }) => {
        if (cluster !== OTA_CLUSTER || address !== presence.address()) return;
        const { header, ...rest } = decodeFrame(octets);
        const answers = rest.kind !== 'command' || rest.type.answers;
        if (header?.sequence === wanted && header.direction !== from && answers) resolve(true);
      });
      const timer = setTimeout(() => resolve(false), timing.real('answer'));
      stop = () => {
        clearTimeout(timer);
        unsubscribe();
      };
    });
    return { came, stop };
  };
  const insist: Asking['insist'] = async (note, octets, from, way) => {
    for (let i = 0; i < TRIES; i++) {
      const wanted = nextSequence();
      const waiting = answered(wanted, from);
      try {
        await out(octets(wanted), note, way);
        if (await waiting.came) return true;
      } finally {
        waiting.stop();
      }
    }
    return false;
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
