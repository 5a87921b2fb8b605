/** All ways in which a simulated OTA server can misbehave. */
export interface ServerBehaviour {
  readonly hidesServerCluster?: true;
  readonly lacksRevision?: true;

  // Notify
  /** Query jitter sent whatever was asked for. */
  readonly sendsJitter?: number;
  /** Payload type sent whatever was asked for. */
  readonly sendsNotifyType?: number;
  readonly alwaysBroadcasts?: true;
  readonly notifiesUnasked?: true;

  // Query
  readonly offersNothing?: true;
  /** Added to the size that is offered. */
  readonly offersMoreOctets?: number;
  readonly offersSameVersion?: true;
  readonly offersLowerVersion?: true;
  readonly offersForeignMaker?: true;
  readonly offersForeignType?: true;
  readonly ignoresHardware?: true;
  readonly demandsHardware?: true;
  readonly ignoresAuthorisation?: true;
  readonly offersFirstImage?: true;
  readonly ignoresRejection?: true;
  readonly answersShortQuery?: true;
  readonly refusesReservedBits?: true;
  /** Octets by which a device specific file is offered as larger. */
  readonly addsToSpecificSize?: number;
  readonly offersToAnyEui?: true;

  // Blocks
  /** Added to the offset of an answer. */
  readonly shiftsOffset?: number;
  readonly sendsMoreThanAsked?: number;
  /** Every octet of the data is changed by this. */
  readonly garblesData?: number;
  readonly onlyInOrder?: true;
  readonly padsLastBlock?: true;
  readonly servesBeyondEnd?: true;
  readonly servesNoOctets?: true;
  readonly servesAnyIdentity?: true;
  readonly servesRemovedFile?: true;
  readonly refusesOptionalFields?: true;
  /** Puts off every request with WAIT_FOR_DATA, seconds. */
  readonly alwaysWaits?: number;
  readonly ratesEveryone?: true;
  readonly servesOneClient?: true;
  readonly ignoresRepeats?: true;
  readonly ignoresSpacing?: true;
  readonly leavesPageShort?: true;
  readonly ignoresPages?: true;

  // End
  readonly endsOtherVersion?: true;
  /** Statuses other than SUCCESS that get an Upgrade End Response. */
  readonly releases?: readonly number[];
  readonly releasesAnyFile?: true;
  readonly answersEndOnce?: true;
  readonly neverHolds?: true;
  readonly neverReleases?: true;
  /** Seconds until the upgrade, whatever was configured. */
  readonly sendsDelay?: number;
  readonly refusesShortEnd?: true;

  // Life cycle
  readonly bansAfterAbort?: true;
  readonly losesFilesAtRestart?: true;
  readonly serverDiesOfUnknown?: true;
}
