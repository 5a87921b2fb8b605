/**
 * Situations in which a server answers with a status of its own choosing, so that a fault can name another status for one of
 * them. The words after the dot say what is wrong with the request.
 */
export type Situation =
  | `blob.start.${'inactive' | 'otherId' | 'tooLarge' | 'blockSize' | 'mode' | 'altered' | 'again' | 'resume'}`
  | 'blob.get.inactive'
  | `blob.cancel.${'otherId' | 'inactive'}`
  | `blob.blockGet.${'early' | 'suspended'}`
  | `blob.blockStart.${'early' | 'number' | 'chunkSize' | 'altered' | 'again'}`
  | `update.start.${'index' | 'metadata' | 'altered' | 'again' | 'busy'}`
  | `update.check.${'index' | 'metadata' | 'good'}`
  | 'update.apply.early'
  | 'distribution.receivers.full'
  | `distribution.upload.${'again' | 'busy' | 'large'}`
  | `distribution.oob.${'unsupported' | 'malformed' | 'unreachable' | 'current' | 'scheme'}`
  | `distribution.firmware.${'unknown' | 'busy'}`
  | `distribution.start.${'empty' | 'key' | 'image' | 'again' | 'busy'}`
  | 'distribution.suspend.early';

/** What takes the place of fields of a message; fields of a group are given by an object of their own. */
export interface Overlay {
  readonly [field: string]: number | string | Buffer | readonly unknown[] | Overlay;
}

/**
 * The ways in which the node can be wrong. A right node has none of these; every field is read at the one place where a right
 * node does the right thing. Messages go by the names that the codec gives them.
 */
export interface Behaviour {
  // Any message
  /** Status in place of the right one. */
  readonly statuses?: Partial<Readonly<Record<Situation, number>>>;
  /** Fields with other values, by message. */
  readonly fields?: Readonly<Record<string, Overlay>>;
  /** Messages that it never sends. */
  readonly unsent?: readonly string[];
  /** So many octets of the message missing at its end. */
  readonly cut?: Readonly<Record<string, number>>;
  /** A zero octet too many at the end of the message. */
  readonly padded?: readonly string[];
  /** Other opcodes. */
  readonly opcodes?: Readonly<Record<string, number>>;
  /** Models that it leaves out of its composition (and does not have). */
  readonly withoutModels?: readonly number[];

  // BLOB Transfer Server
  /** Transfer Status in Inactive carries a BLOB id all the same. */
  readonly inactiveShowsId?: true;
  /** Missing chunks named in Block Status, moved by this much. */
  readonly missingMovedBy?: number;
  /** A block counts as complete when so many chunks are still missing. */
  readonly blockCompleteAt?: number;
  readonly blocksLeftSet?: true;
  readonly takesWrongLength?: true;
  /** A chunk beyond the block is taken for its last one. */
  readonly takesChunksBeyondBlock?: true;
  readonly duplicateForgets?: true;
  readonly wantsChunksItHas?: true;
  readonly wantsChunksBeyondBlock?: true;
  readonly noReportAtBlockEnd?: true;
  readonly reportsOnce?: true;
  /** A pull transfer is complete with its last chunk, before the client asks. */
  readonly completesUnasked?: true;
  /** Factor on the report interval. */
  readonly reportSlower?: number;
  /** Factor on the server timeout; 0: none. */
  readonly timeoutFactor?: number;
  /** Units of 10 s added to the server timeout. */
  readonly timeoutUnitsOff?: number;
  /** The last block never counts as received. */
  readonly neverCompletes?: true;
  readonly suspendedForgets?: true;
  readonly cancelIgnored?: true;
  /** A power cut in mid-transfer leaves nothing of it. */
  readonly forgetsTransfer?: true;
  /** Stores the last octet with a bit turned. */
  readonly damagesImage?: true;

  // Firmware Update Server
  readonly listIgnoresFirst?: true;
  readonly uri?: string;
  /** Status in Idle carries the parameters of an update. */
  readonly idleShowsUpdate?: true;
  readonly startActsOnRefusal?: true;
  readonly startKeepsIdle?: true;
  readonly takesProhibitedTtl?: true;
  readonly statusShowsDefaultTtl?: true;
  readonly skipsVerification?: true;
  readonly verificationAlwaysFails?: true;
  readonly appliesByItself?: true;
  readonly appliesUnverified?: true;
  readonly keepsFirmware?: true;
  readonly stuckInApplying?: true;
  readonly updateCancelIgnored?: true;
  readonly cancelKeepsBlob?: true;
  readonly timeoutKeepsActive?: true;
  readonly timeoutGoesIdle?: true;
  readonly resumeLosesBlocks?: true;
  readonly startRefusedAfterFailure?: true;
  /** Announced additional information in place of the image's. */
  readonly announces?: number;
  /** What applying really does in place of what was announced. */
  readonly really?: number;

  // Firmware Distribution Server
  readonly addsTwice?: true;
  readonly receiversUnlimited?: true;
  readonly keepsReceivers?: true;
  readonly windowIgnoresFirst?: true;
  readonly windowIgnoresLimit?: true;
  readonly progressBackwards?: true;
  readonly uploadNeverStored?: true;
  readonly uploadTimeoutUnseen?: true;
  readonly uploadCancelIgnored?: true;
  readonly skipsUriCheck?: true;
  readonly retrievesWithoutId?: true;
  /** Get By Index shows the first image whatever the index. */
  readonly indexIgnored?: true;
  readonly keepsImages?: true;
  readonly policyIgnored?: true;
  readonly appliesWithoutPolicy?: true;
  /** Goes to Completed without telling any target to apply. */
  readonly appliesNothing?: true;
  readonly oneLostFailsAll?: true;
  readonly completesWithoutAny?: true;
  readonly suspendIgnored?: true;
  readonly suspendedForGood?: true;
  readonly distributionCancelIgnored?: true;
  readonly cancelsNoTarget?: true;
  readonly cancelingForGood?: true;

  // Clients
  /** Chunk size, whatever the servers told. */
  readonly chunkSize?: number;
  /** Sends the chunks of a block before its Block Start too. */
  readonly chunksFirst?: true;
  /** Factor on the client timeout. */
  readonly clientTimeoutFactor?: number;
  /** Units of 10 s added to the client timeout. */
  readonly clientTimeoutUnitsOff?: number;
  readonly skipsTransferGet?: true;
  /** Goes on with servers that have answered with an error. */
  readonly keepsFailedTargets?: true;
  readonly resendsAll?: true;
  readonly sendsWrongOctets?: true;
  /** Sends all chunks of a block in pull mode before anybody has asked for them. */
  readonly pushesInPull?: true;
  readonly transferBeforeStart?: true;
  readonly startsWithoutMetadata?: true;
  /** Takes every image for verified without asking. */
  readonly assumesVerified?: true;
  /** Takes an answered Apply for the proof of it. */
  readonly confirmsNothing?: true;

  /** Added to the size that an Upload Start tells. */
  readonly uploadSizeOff?: number;
  readonly oobWithoutId?: true;
  /** So many receivers are left out. */
  readonly receiversLeftOut?: number;
  /** Every Start after the first has another TTL. */
  readonly resumesAltered?: true;
  /** Added to the image index of a Distribution Start. */
  readonly startImageOff?: number;

  // Node
  /** Never comes back from the restart that applies an update. */
  readonly silentAfterApply?: true;
}
