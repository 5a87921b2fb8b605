import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BenchError } from '../core/errors.ts';
import { readIxitReference } from '../core/reference.ts';
import type { Bench } from '../core/standard.ts';
import { openDongle } from '../link/zigbee/herdsman.ts';
import type { DeviceNews, ZigbeeLink } from '../link/zigbee/link.ts';
import { installCodeOctets, installCodeProblem } from './codec/installCode.ts';
import { IUT } from './kinds.ts';

/** The EUI-64 of a device that joined without being named in the rig file. */
const FILE = 'device.json';

/** The device under test on its network. */
export interface Presence {
  readonly link: ZigbeeLink;
  readonly ieee: string;
  /** Its network address now. */
  address(): number;
  /** Asks for its address, and has it join where it is no member; throws a BenchError where it does not. */
  find(): Promise<void>;
  /** Has it leave the network and join again. */
  rejoin(): Promise<void>;
}

/** The install code of a device that joins with one: the rig's entry, else the IXIT; undefined for one that joins an open network. */
function installCodeOf(bench: Bench): Buffer | undefined {
  if (!bench.ixit.has('joinMethod') || bench.ixit.text('joinMethod') !== 'installCode') return undefined;
  const fail = (message: string): BenchError =>
    new BenchError('zigbee-install-code', message, { place: { where: 'installCode' } });
  if (!bench.has('installCode') && !bench.ixit.has('installCode'))
    throw fail(
      'the device joins with an install code: expected it as IXIT or as entry of iut.ZBOTA (env:NAME or file:path)',
    );
  const text = bench.has('installCode')
    ? bench.address('installCode')
    : readIxitReference(bench.ixit.text('installCode'), 'installCode', 'zigbee-install-code');
  const octets = installCodeOctets(text);
  if (octets === undefined) throw fail('the install code is not written in hex');
  const problem = installCodeProblem(octets);
  if (problem !== undefined) throw fail(`the install code cannot be used: ${problem}`);
  return octets;
}

const EUI64 = /^[0-9a-f]{16}$/;
const JOIN_STEP_S = 254;

function remembered(file: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { ieee: string }).ieee;
  } catch {
    return undefined;
  }
}

/** Resolves with the first news that fits, or with undefined when the time (real ms) is over. */
function next(link: ZigbeeLink, ms: number, fits: (news: DeviceNews) => boolean): Promise<DeviceNews | undefined> {
  return new Promise((resolve) => {
    const end = (news: DeviceNews | undefined): void => {
      clearTimeout(timer);
      stop();
      resolve(news);
    };
    const stop = link.onDevice((news) => {
      if (fits(news)) end(news);
    });
    const timer = setTimeout(() => end(undefined), ms);
  });
}

/**
 * Opens the dongle and finds the device: by the rig's entry `ieee`, else by what joined last time, else by what joins now. A device that is a coordinator
 * itself cannot be tested: every dongle that the library drives is one too.
 */
export async function findDevice(bench: Bench): Promise<Presence> {
  const { timing } = bench;
  const entry = (name: string): string | undefined => (bench.has(name) ? bench.address(name) : undefined);
  const dongle = bench.address('dongle');
  if (entry('deviceType') === 'coordinator')
    throw new BenchError(
      'zigbee-coordinator',
      'the device is a coordinator: it has a network of its own and cannot join that of the dongle, which is a coordinator as well. Build its firmware as a router, or test it with a dongle that can be a router; the library of this bench drives none as such',
      { place: { where: 'iut.ZBOTA.deviceType' } },
    );
  const memory = join(bench.stateDir, FILE);
  let ieee = entry('ieee')?.toLowerCase().replace(/^0x/, '') ?? remembered(memory);
  if (ieee !== undefined && !EUI64.test(ieee))
    throw new BenchError('zigbee-ieee', `expected 16 hex digits, found ${ieee}`, {
      place: { where: 'iut.ZBOTA.ieee' },
    });
  const installCode = installCodeOf(bench);
  if (installCode !== undefined && ieee === undefined)
    throw new BenchError('zigbee-ieee', 'an install code is for one device: expected its EUI-64', {
      place: { where: 'iut.ZBOTA.ieee' },
    });
  let address: number | undefined;
  const given = entry('network');
  const link = await openDongle(dongle, {
    events: bench.events,
    stateDir: bench.stateDir,
    logDir: bench.privateDir,
    formNetwork: entry('formNetwork') === 'yes' || entry('formNetwork') === 'true',
    ...(given === undefined ? {} : { network: given }),
    nameOf: (node) =>
      (node.ieee !== undefined && node.ieee !== '' && node.ieee === ieee) ||
      (node.address !== undefined && node.address === address)
        ? IUT
        : undefined,
  });
  const stop = link.onDevice((news) => {
    if (news.ieee === ieee && news.address !== undefined) address = news.address;
  });
  const joinNow = async (): Promise<void> => {
    if (installCode !== undefined) await link.addInstallCode(ieee ?? '', installCode);
    const joining = next(
      link,
      timing.real('join'),
      (n) => n.what !== 'left' && (ieee === undefined || n.ieee === ieee),
    );
    await link.permitJoin(Math.min(JOIN_STEP_S, Math.ceil(timing.real('join') / 1000)));
    const news = await joining;
    await link.permitJoin(0);
    if (news?.address === undefined) {
      const who = ieee === undefined ? 'no device' : `the device ${ieee} is no member of the network and`;
      throw new BenchError(
        'zigbee-join',
        `${who} joined in ${Math.round(timing.real('join') / 1000)} s; make it look for a network${installCode === undefined ? '' : ', and compare its install code'} (a coordinator never does: see the recipe zigbee-bench)`,
        { place: { where: dongle } },
      );
    }
    ieee = news.ieee;
    address = news.address;
    writeFileSync(memory, JSON.stringify({ ieee }));
  };
  const find = async (): Promise<void> => {
    const found = ieee === undefined ? undefined : await link.addressOf(ieee);
    if (found === undefined) await joinNow();
    else address = found;
  };
  try {
    await find();
  } catch (e) {
    stop();
    await link.close();
    throw e;
  }
  return {
    link,
    get ieee() {
      return ieee ?? '';
    },
    address: () => address ?? 0,
    find,
    async rejoin() {
      await link.expel(ieee ?? '', address ?? 0);
      await joinNow();
    },
  };
}
