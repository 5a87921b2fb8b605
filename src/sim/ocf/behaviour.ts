import type { CborValue } from '../../ocf/codec/cbor.ts';
import type { PropertyName, StateName } from '../../ocf/codec/swu.ts';
import type { ObserveFaults } from '../coap/observe.ts';
import type { Goal, Step } from './machine.ts';
import type { Opening } from './security/access.ts';

/** What notifications a wrong device leaves out. */
export type Unnotified = 'update' | 'state' | 'rest';

/**
 * The ways in which the device can be wrong. A right device has none of these; every field is read at the one place where a right
 * device does the right thing. Times are milliseconds of protocol time.
 */
export interface Behaviour {
  // Discovery
  readonly linkCopies?: number;
  readonly link?: { readonly rt?: readonly string[]; readonly if?: readonly string[]; readonly bm?: number };
  /** Answers whatever `rt` is asked for, with all links. */
  readonly foreignRt?: true;
  /** Leaves resources of this type out of all its lists. */
  readonly unlisted?: string;

  // Representation
  readonly omit?: readonly PropertyName[];
  readonly replace?: Readonly<Record<string, CborValue>>;
  readonly rename?: Readonly<Record<string, string>>;
  readonly extra?: Readonly<Record<string, CborValue>>;
  readonly stateNames?: Partial<Readonly<Record<StateName, string>>>;
  readonly resultAsText?: true;
  readonly rtOfResource?: string;
  readonly commonInRw?: true;
  readonly omitCommon?: true;
  readonly lastupdateOnlyAfterUpdate?: true;
  /** Times as they stand, cut after this many characters. */
  readonly timeCut?: number;
  /** Shows `purl` without scheme and host. */
  readonly showsPathOnly?: true;
  readonly anyInterface?: true;
  /** Answers in this content format whatever was accepted. */
  readonly contentFormat?: number;
  readonly noVersionOption?: true;

  // UPDATE
  readonly ignoresUpdate?: true;
  readonly answerOmits?: readonly PropertyName[];
  readonly updateCode?: string;
  /** What a partial UPDATE leaves out goes back to its factory value. */
  readonly partialClobbers?: true;
  /** The action that a partial UPDATE without one is taken to ask for. */
  readonly partialAction?: Goal;
  /** Stores what it refuses. */
  readonly storesRefused?: true;
  readonly anyAction?: true;
  readonly actionAnyCase?: true;
  /** An integer is taken as the number of an action. */
  readonly actionByNumber?: true;
  readonly takesDraftAction?: true;
  readonly writesReadOnly?: true;
  readonly takesDraftTime?: true;
  readonly anyTime?: true;
  readonly rollsDays?: true;
  readonly offset?: 'dropped' | 'reversed';
  /** Anything passes for a URL and counts as fetched and valid where it cannot be. */
  readonly pretendsFetch?: 'relative' | 'scheme' | 'empty';
  readonly purlMax?: number;
  readonly purlCut?: number;
  readonly refusesEmptyPurl?: true;
  readonly ignoresBuiltinUrl?: true;
  readonly emptyPurlKeepsOld?: true;
  readonly takesPut?: true;
  readonly takesDelete?: true;
  readonly refusesPostBy?: 'rw' | 'baseline';
  readonly takesAnyFormat?: true;
  readonly takesDuplicateKeys?: true;
  /** A body that is no valid CBOR map: the process ends, the device freezes, or it answers 2.04. */
  readonly onBadBody?: 'die' | 'freeze' | 'accept' | 'serverError';

  // Schedule
  readonly neverStarts?: readonly Goal[];
  /** Starts when this share of the time has passed. */
  readonly startsAfterShare?: number;
  readonly startsLateMs?: number;
  readonly runsPast?: true;
  /** A timed `idle` runs this. */
  readonly idleRuns?: Goal;
  readonly keepsFirstSchedule?: true;
  readonly deafToCancel?: true;
  readonly losesSchedule?: true;
  readonly runsOverdue?: true;
  readonly keepsAction?: true;

  // Run
  readonly chains?: readonly Goal[];
  /** Results reported instead of others. */
  readonly results?: Readonly<Record<number, number>>;
  /** Reports success as soon as this step begins. */
  readonly successAt?: Step;
  readonly keepsOldResult?: true;
  readonly skipsVerification?: true;
  readonly upgradesWithoutFetch?: true;
  readonly ignoresInstallFailure?: true;
  readonly keepsVersion?: true;
  readonly keepsLastupdate?: true;
  readonly installsAnyVersion?: true;
  /** This step never ends. */
  readonly hangsIn?: Step;
  /** The device goes silent in this step. */
  readonly freezesIn?: Step;
  readonly forgetsNewVersion?: true;
  readonly updateDuringRunResets?: true;

  // Observe
  readonly ignoresObserve?: true;
  readonly unnotified?: Unnotified;
  /** Notifications show the representation before the change. */
  readonly staleNotifications?: true;
  readonly firstNotificationEmpty?: true;
  readonly observableOnce?: true;
  readonly repeatsNotifications?: true;
  readonly observe?: ObserveFaults;

  // Security
  /** The link of the software update names the endpoint in clear alone. */
  readonly clearLink?: true;
  /** What is let through beyond the rules. */
  readonly opens?: readonly Opening[];
  /** An UPDATE without access is stored, and then refused. */
  readonly storesUnauthorised?: true;
  /** What becomes of the current mode when provisioning begins during an update, until that is over. */
  readonly provisioningMode?: 'cleared' | 'frozen';
  readonly tmStarts?: Partial<Readonly<Record<Goal, Goal | 'nothing'>>>;
  readonly startsByAnyBit?: true;
  readonly tmUsesFirstPurl?: true;
  readonly checksByDownload?: true;
  readonly takesCm?: 'stores' | 'ignores';
  /** Update bits of the current mode in these states, and at rest after these results. */
  readonly modes?: Partial<Readonly<Record<StateName, number>>>;
  readonly modesAfter?: Readonly<Record<number, number>>;
  readonly modesUnnotified?: true;
  readonly staleModes?: true;
  readonly modesUnobservable?: true;

  // Life cycle and transport
  readonly resetKeepsUpdate?: true;
  readonly boot?: 'stuck' | 'brick' | 'success' | 'mixed';
  readonly afterUpdate?: 'freeze' | 'reset' | 'resetOnce';
}
