import { type Moves, reachable } from '../core/moves.ts';
import { upgradeStatus } from './codec/numbers.ts';

/** A state of ImageUpgradeStatus by name. */
export type StatusName = keyof typeof upgradeStatus;

/**
 * What makes ImageUpgradeStatus move. `air`: a frame that the tester sees or sends; `inside`: something within the client
 * that the tester cannot see and must reckon with at any time; `bench`: something done to the device.
 */
export const triggers = {
  'file offered': 'air',
  'file refused or none': 'air',
  'block stored': 'air',
  'asked to wait': 'air',
  'download ended by the server': 'air',
  'image gone three times': 'air',
  'download given up': 'inside',
  'last octet stored': 'air',
  'file found invalid': 'inside',
  'another file needed': 'inside',
  'file found valid': 'inside',
  'upgrade held': 'air',
  'upgrade time given': 'air',
  'upgrade cancelled': 'air',
  'upgrade left to the application': 'air',
  'end never answered': 'inside',
  'time to upgrade': 'inside',
  'all files present': 'inside',
  'activated out of band': 'bench',
  'power cycle': 'bench',
} as const satisfies { readonly [trigger: string]: 'air' | 'inside' | 'bench' };

/** Name of a trigger. */
export type Trigger = keyof typeof triggers;

/** One row of the table: any of `from`, on `trigger`, becomes one of `to`. */
export interface StatusMove {
  readonly from: readonly StatusName[];
  readonly trigger: Trigger;
  /** More than one where the standard leaves it open. */
  readonly to: readonly StatusName[];
  /** What shows it on the air. */
  readonly shows: string;
  /** Place in the Zigbee Cluster Library, revision 8. */
  readonly clause: string;
  /** The policy that narrows `to`, where the standard leaves it open. */
  readonly policy?: string;
  /** The device restarts on the way. */
  readonly restarts?: true;
}

/** The allowed moves of ImageUpgradeStatus (attribute 0x0006). A trigger without a row for a state leaves the state as it is. */
export const statusMoves: readonly StatusMove[] = [
  {
    from: ['NORMAL', 'WAIT_FOR_MORE'],
    trigger: 'file offered',
    to: ['DOWNLOAD_IN_PROGRESS'],
    shows: 'Image Block Request for offset 0, or for a saved offset',
    clause: '11.13.5',
  },
  {
    from: ['NORMAL'],
    trigger: 'file refused or none',
    to: ['NORMAL'],
    shows: 'no Image Block Request; the next query at the normal interval',
    clause: '11.13.5',
  },
  {
    from: ['DOWNLOAD_IN_PROGRESS'],
    trigger: 'block stored',
    to: ['DOWNLOAD_IN_PROGRESS'],
    shows: 'the next Image Block Request; FileOffset grows',
    clause: '11.13.8',
  },
  {
    from: ['DOWNLOAD_IN_PROGRESS'],
    trigger: 'asked to wait',
    to: ['DOWNLOAD_IN_PROGRESS'],
    shows: 'silence, then the same offset',
    clause: '11.13.8',
  },
  {
    from: ['DOWNLOAD_IN_PROGRESS'],
    trigger: 'download ended by the server',
    to: ['NORMAL'],
    shows: 'no further Image Block Request; no Upgrade End Request is needed',
    clause: '11.13.8',
    policy: 'ZB-P14',
  },
  {
    from: ['DOWNLOAD_IN_PROGRESS'],
    trigger: 'image gone three times',
    to: ['NORMAL'],
    shows: 'a query, later',
    clause: '11.13.6',
    policy: 'ZB-P3',
  },
  {
    from: ['DOWNLOAD_IN_PROGRESS'],
    trigger: 'download given up',
    to: ['NORMAL'],
    shows: 'Upgrade End Request ABORT, or silence after the last repeat',
    clause: '11.13.9',
  },
  {
    from: ['DOWNLOAD_IN_PROGRESS'],
    trigger: 'last octet stored',
    to: ['DOWNLOAD_COMPLETE'],
    shows: 'no further Image Block Request; FileOffset is the size of the image',
    clause: '11.13.8',
  },
  {
    from: ['DOWNLOAD_COMPLETE'],
    trigger: 'file found invalid',
    to: ['NORMAL'],
    shows: 'Upgrade End Request INVALID_IMAGE; the data are discarded',
    clause: '11.13.9.3',
  },
  {
    from: ['DOWNLOAD_COMPLETE'],
    trigger: 'another file needed',
    to: ['WAIT_FOR_MORE'],
    shows: 'Upgrade End Request REQUIRE_MORE_IMAGE, then a query for another image type',
    clause: '11.13.9',
  },
  {
    from: ['DOWNLOAD_COMPLETE'],
    trigger: 'file found valid',
    to: ['DOWNLOAD_COMPLETE', 'WAITING_TO_UPGRADE'],
    shows: 'Upgrade End Request SUCCESS',
    clause: '11.13.9',
    policy: 'ZB-P4',
  },
  {
    from: ['DOWNLOAD_COMPLETE', 'WAITING_TO_UPGRADE'],
    trigger: 'upgrade held',
    to: ['WAITING_TO_UPGRADE', 'WAITING_FOR_EXTERNAL_EVENT'],
    shows: 'the Upgrade End Request again after about 60 minutes; the second state only with UpgradeActivationPolicy 1',
    clause: '11.13.9',
    policy: 'ZB-P10',
  },
  {
    from: ['DOWNLOAD_COMPLETE', 'WAITING_TO_UPGRADE'],
    trigger: 'upgrade time given',
    to: ['COUNT_DOWN'],
    shows: 'silence for the difference of the two times',
    clause: '11.13.9',
    policy: 'ZB-P15',
  },
  {
    from: ['DOWNLOAD_COMPLETE', 'WAITING_TO_UPGRADE'],
    trigger: 'upgrade left to the application',
    to: ['WAITING_FOR_EXTERNAL_EVENT'],
    shows: 'Default Response NOT_AUTHORIZED to the Upgrade End Response, with UpgradeActivationPolicy 1',
    clause: '11.10',
  },
  {
    from: ['DOWNLOAD_COMPLETE', 'WAITING_TO_UPGRADE'],
    trigger: 'upgrade cancelled',
    to: ['NORMAL'],
    shows: 'no Device Announce',
    clause: '11.13.9',
  },
  {
    from: ['DOWNLOAD_COMPLETE', 'WAITING_TO_UPGRADE', 'WAITING_FOR_EXTERNAL_EVENT'],
    trigger: 'end never answered',
    to: ['NORMAL'],
    shows: 'Device Announce; CurrentFileVersion is the new one, where the policy says apply',
    clause: '11.13.9',
    policy: 'ZB-P20',
    restarts: true,
  },
  {
    from: ['COUNT_DOWN'],
    trigger: 'time to upgrade',
    to: ['NORMAL'],
    shows: 'Device Announce; CurrentFileVersion is the new one',
    clause: '11.13.9',
    restarts: true,
  },
  {
    from: ['WAIT_FOR_MORE'],
    trigger: 'all files present',
    to: ['DOWNLOAD_COMPLETE'],
    shows: 'Upgrade End Request SUCCESS',
    clause: '11.13.9',
  },
  {
    from: ['WAITING_FOR_EXTERNAL_EVENT'],
    trigger: 'activated out of band',
    to: ['NORMAL'],
    shows: 'Device Announce; CurrentFileVersion is the new one',
    clause: '11.10',
    restarts: true,
  },
  {
    from: ['DOWNLOAD_IN_PROGRESS', 'DOWNLOAD_COMPLETE'],
    trigger: 'power cycle',
    to: ['DOWNLOAD_IN_PROGRESS', 'NORMAL'],
    shows: 'Device Announce; CurrentFileVersion is the old one',
    clause: 'not in the standard',
    policy: 'ZB-P16',
    restarts: true,
  },
  {
    from: ['WAITING_TO_UPGRADE', 'COUNT_DOWN', 'WAIT_FOR_MORE', 'WAITING_FOR_EXTERNAL_EVENT'],
    trigger: 'power cycle',
    to: [
      'NORMAL',
      'DOWNLOAD_COMPLETE',
      'WAITING_TO_UPGRADE',
      'COUNT_DOWN',
      'WAIT_FOR_MORE',
      'WAITING_FOR_EXTERNAL_EVENT',
    ],
    shows: 'Device Announce; a complete file may be kept, forgotten or run, a partial one is never run',
    clause: 'not in the standard',
    policy: 'ZB-P16',
    restarts: true,
  },
];

/** The moves that these triggers allow, as steps between states. */
export function movesBy(which: Iterable<Trigger>): Moves<typeof upgradeStatus> {
  const wanted = new Set(which);
  const moves: { [state in StatusName]?: StatusName[] } = {};
  for (const { from, trigger, to } of statusMoves) {
    if (!wanted.has(trigger)) continue;
    for (const state of from) moves[state] = [...(moves[state] ?? []), ...to];
  }
  return moves;
}

/** Every state in which a client may be that was in `from`, when these triggers were seen since; those within it may have come at any time. */
export function statusAfter(from: number, seen: Iterable<Trigger>): ReadonlySet<number> {
  const inside = (Object.keys(triggers) as Trigger[]).filter((trigger) => triggers[trigger] === 'inside');
  return reachable(movesBy([...seen, ...inside]), upgradeStatus, from);
}
