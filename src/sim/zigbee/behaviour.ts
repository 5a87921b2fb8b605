import type { ServerBehaviour } from './server/behaviour.ts';

/** All ways in which a simulated node can misbehave; none of them set is a conforming node. Every field is read where the node acts. */
export interface Behaviour extends ServerBehaviour {
  // Discovery and attributes
  readonly hidesCluster?: true;
  readonly lacksAttribute?: number;
  /** An attribute that the options leave out. */
  readonly extraAttribute?: number;
  readonly wrongTypeOf?: number;
  readonly wrongType?: number;
  readonly takesWrites?: true;
  /** FileOffset before the first download. */
  readonly initialOffset?: number;
  /** ImageUpgradeStatus shown instead of the real one. */
  readonly shownStatus?: Readonly<Record<number, number>>;
  readonly keepsPeriodAttribute?: true;
  readonly hidesDownloadedVersion?: true;

  // Notify
  readonly deafToNotify?: readonly number[];
  readonly deafToBroadcast?: true;
  readonly deafToForeignNotify?: true;
  readonly answersForeignMaker?: true;
  readonly answersForeignType?: true;
  readonly answersSameVersion?: true;
  readonly ignoresLowerVersion?: true;
  readonly jitter?: 'ignored' | 'never';
  readonly takesAnyJitter?: true;
  readonly takesUnknownNotify?: true;
  readonly takesShortNotify?: true;
  readonly notifyDisturbs?: true;

  // Query
  readonly queriesMaker?: number;
  readonly queriesType?: number;
  readonly queriesVersion?: number;
  readonly queriesHardware?: number;
  readonly hidesHardware?: true;
  readonly specificType?: number;
  readonly neverPolls?: true;
  /** Seconds between the queries of a client whose polling was stopped. */
  readonly pollsThoughStopped?: number;
  readonly ignoresInterval?: true;
  readonly silentAfterJoin?: true;
  /** Downloads after an answer of this status. */
  readonly downloadsThoughRefused?: number;
  readonly takesForeignMaker?: true;
  readonly takesForeignType?: true;
  readonly takesEmptyFile?: true;
  readonly takesTooLarge?: true;
  readonly takesSameVersion?: true;
  readonly takesLowerVersion?: true;
  readonly refusesLowerVersion?: true;
  readonly takesShortOffer?: true;
  readonly takesAnyOffer?: true;
  readonly ignoresVeto?: true;

  // Download
  /** Offset of the first request. */
  readonly firstOffset?: number;
  /** Octets asked for in a block. */
  readonly asksFor?: number;
  readonly asksForVersion?: number;
  readonly countsAskedOctets?: true;
  /** Goes on by the octets asked for where a block has more, and stores them all. */
  readonly miscountsLongBlock?: true;
  /** Takes a block period that is lower than the last one for none. */
  readonly keepsFirstPeriod?: true;
  readonly waitsForPast?: true;
  /** Takes the file for complete so many octets early. */
  readonly stopsBeforeEnd?: number;
  readonly abortsOnDuplicate?: true;
  readonly takesAnyOffset?: true;
  readonly takesForeignBlock?: true;
  readonly takesAnySender?: true;
  readonly restartsOnLoss?: true;
  readonly skipsLostBlock?: true;
  /** Repeats of a block request. */
  readonly retries?: number;
  readonly ignoresWait?: true;
  readonly readsTimesAsDelay?: true;
  readonly ignoresPeriod?: true;
  readonly ignoresAbort?: true;
  readonly asksForMissingImage?: true;
  readonly ignoresBusy?: true;
  readonly insistsOnPages?: true;
  readonly neverAsksPages?: true;
  readonly pageSize?: number;
  readonly leavesPageGaps?: true;

  // File
  readonly skipsInspection?: true;
  readonly takesBrokenFile?: true;
  readonly ignoresHeaderIdentity?: true;
  readonly ignoresTotalSize?: true;
  readonly ignoresHardwareRange?: true;
  readonly ignoresIntegrity?: true;
  readonly ignoresSignature?: true;
  readonly ignoresDeltaBase?: true;
  readonly refusesDelta?: true;

  // End and upgrade
  /** Status reported for a file that is not valid. */
  readonly endStatus?: number;
  /** Status reported for a file that is valid. */
  readonly endStatusOnSuccess?: number;
  readonly endVersion?: number;
  readonly endsAfterFirstFile?: true;
  readonly endsOnce?: true;
  readonly ignoresTimeoutPolicy?: true;
  readonly neverEnds?: true;
  readonly ignoresCancel?: true;
  readonly ignoresHold?: true;
  readonly neverAsksAgain?: true;
  readonly deafToRelease?: true;
  readonly takesForeignEnd?: true;
  readonly takesShortEnd?: true;
  /** Seconds until the upgrade, whatever the server says. */
  readonly upgradeDelay?: number;
  readonly upgradesInBand?: true;
  readonly keepsVersion?: true;
  readonly silentAfterUpgrade?: true;

  // Life cycle and robustness
  readonly resumesWrong?: true;
  readonly restartsAfterPowerCut?: true;
  readonly runsPartialFile?: true;
  /** File version shown after a power cut in the countdown. */
  readonly versionAfterCut?: number;
  readonly diesOfMalformed?: true;
  readonly diesOfUnknown?: true;
}
