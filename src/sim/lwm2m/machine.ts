import { RESULT, STATE } from '../../lwm2m/codec/swmgmt.ts';

/** What the resources 7, 9 and 12 of one instance say. */
export interface Machine {
  readonly state: number;
  readonly result: number;
  readonly active: boolean;
}

/** Where conforming devices differ. */
export interface Choices {
  /** Result in DELIVERED. */
  readonly delivered: number;
  readonly installActivates: boolean;
  /** Result after Uninstall in DELIVERED; `same`: the one before. */
  readonly uninstallDelivered: number | 'same';
  readonly uninstallFailure: number | 'same';
  readonly activationFailure: number | 'same';
  /** DELIVERED and INSTALLED survive a restart. */
  readonly persist: boolean;
}

export type Event =
  /** First octets of a push, or a pull begins. */
  | 'begin'
  | 'complete'
  /** The download ended badly, or was called off; the result is given. */
  | 'broken'
  /** The URI can never be fetched; the result is given. */
  | 'unfetchable'
  | 'verified'
  /** The check found something wrong; the result is given. */
  | 'rejected'
  | 'installed'
  | 'installFailed'
  | 'uninstalled'
  | 'uninstallFailed'
  | 'activated'
  | 'activationFailed'
  | 'deactivated'
  /** Power came back. */
  | 'boot';

/** A new result: itself, the one before, the one that came with the event, or the device's choice. */
type NewResult = number | 'same' | 'given' | keyof Choices;

interface Transition {
  readonly from: number;
  readonly on: Event;
  readonly to: number;
  readonly result: NewResult;
  readonly active?: 'same' | 'on' | 'off' | 'installer';
}

const { INITIAL, DOWNLOAD_STARTED, DOWNLOADED, DELIVERED, INSTALLED } = STATE;

/** The update state machine and, within INSTALLED, the activation machine. What has no row changes nothing. */
export const TRANSITIONS: readonly Transition[] = [
  { from: INITIAL, on: 'begin', to: DOWNLOAD_STARTED, result: RESULT.DOWNLOADING },
  { from: INITIAL, on: 'unfetchable', to: INITIAL, result: 'given' },
  { from: DOWNLOAD_STARTED, on: 'complete', to: DOWNLOADED, result: RESULT.INITIAL },
  { from: DOWNLOAD_STARTED, on: 'broken', to: INITIAL, result: 'given' },
  { from: DOWNLOADED, on: 'verified', to: DELIVERED, result: 'delivered' },
  { from: DOWNLOADED, on: 'rejected', to: INITIAL, result: 'given' },
  { from: DELIVERED, on: 'installed', to: INSTALLED, result: RESULT.INSTALLED, active: 'installer' },
  { from: DELIVERED, on: 'installFailed', to: DELIVERED, result: RESULT.INSTALL_FAILED },
  { from: DELIVERED, on: 'uninstalled', to: INITIAL, result: 'uninstallDelivered' },
  { from: INSTALLED, on: 'uninstalled', to: INITIAL, result: RESULT.INITIAL },
  { from: INSTALLED, on: 'uninstallFailed', to: INSTALLED, result: 'uninstallFailure', active: 'same' },
  { from: INSTALLED, on: 'activated', to: INSTALLED, result: 'same', active: 'on' },
  { from: INSTALLED, on: 'activationFailed', to: INSTALLED, result: 'activationFailure', active: 'off' },
  { from: INSTALLED, on: 'deactivated', to: INSTALLED, result: 'same', active: 'off' },
  { from: DOWNLOAD_STARTED, on: 'boot', to: INITIAL, result: RESULT.CONNECTION_LOST },
];

export const FACTORY: Machine = { state: INITIAL, result: RESULT.INITIAL, active: false };

/** The next state; undefined where the event means nothing in the present one. Pure. */
export function next(machine: Machine, on: Event, choices: Choices, given = 0): Machine | undefined {
  if (on === 'boot' && !choices.persist) return FACTORY;
  const row = TRANSITIONS.find((t) => t.from === machine.state && t.on === on);
  if (row === undefined) return undefined;
  return { state: row.to, result: resultOf(row, machine, choices, given), active: activeOf(row, machine, choices) };
}

function resultOf({ result }: Transition, machine: Machine, choices: Choices, given: number): number {
  if (typeof result === 'number') return result;
  if (result === 'given') return given;
  const chosen = result === 'same' ? 'same' : choices[result];
  return typeof chosen === 'number' ? chosen : machine.result;
}

function activeOf({ active = 'off' }: Transition, machine: Machine, choices: Choices): boolean {
  switch (active) {
    case 'same':
      return machine.active;
    case 'on':
      return true;
    case 'off':
      return false;
    case 'installer':
      return choices.installActivates;
  }
}
