/**
 * Readings of the places that the cluster leaves open (ZB-P1 to ZB-P26), by the names of the proforma. `information` records what the device does and moves
 * no verdict.
 */
export interface ZigbeePolicies {
  /** ZB-P1 */
  readonly jitterCompare: 'less' | 'lessOrEqual' | 'either';
  /** ZB-P2. Only `asWritten` judges the status of a refusal; else a change of state or a download is what fails. */
  readonly negativeAnswer: 'asWritten' | 'alsoSeen' | 'any';
  /** ZB-P3 */
  readonly missingImage: 'defaultResponse' | 'abort' | 'either';
  /** ZB-P4 */
  readonly statusBeforeEndResponse: '2' | '3' | 'either';
  /** ZB-P5 */
  readonly shortUpgradeEnd: 'accept' | 'malformed';
  /** ZB-P6 */
  readonly shortWaitForData: 'accept' | 'malformed';
  /** ZB-P7 */
  readonly blockPeriodUnit: 'ms' | 's' | 'byRevision';
  /** ZB-P8 */
  readonly integrityCoverage: 'before' | 'withHeader' | 'either' | 'vendor';
  /** ZB-P9 */
  readonly sameVersionUnicast: 'download' | 'none';
  /** ZB-P10: `information`, or a number of requests. */
  readonly holdRetries: string;
  /** ZB-P11 */
  readonly jitterOutOfRange: 'ignore' | 'information';
  /** ZB-P12 */
  readonly foreignUnicastNotify: 'query' | 'none' | 'information';
  /** ZB-P13 */
  readonly tooLarge: 'atOffer' | 'atOfferOrLater';
  /** ZB-P14 */
  readonly endAfterAbort: 'none' | 'tolerate';
  /** ZB-P15 */
  readonly timeBeforeCurrent: 'atOnce' | 'wait' | 'either';
  /** ZB-P16 */
  readonly resume: 'fromOffset' | 'fromZero' | 'either';
  /** ZB-P17 */
  readonly busyOffset: 'same' | 'next' | 'either';
  /** ZB-P18 */
  readonly downloadedVersion: 'beforeSwitch' | 'afterReboot';
  /** ZB-P19 */
  readonly rejectStatus: 'anyNonSuccess' | 'NOT_AUTHORIZED' | 'NO_IMAGE_AVAILABLE';
  /** ZB-P20 */
  readonly noEndAnswer: 'apply' | 'stay' | 'byAttribute';
  /** ZB-P21 */
  readonly serverVersionRule: 'noImage' | 'offer';
  /** ZB-P22 */
  readonly foreignBlock: 'ignore' | 'invalidImage' | 'either';
  /** ZB-P23 */
  readonly blockAboveAsked: 'ignore' | 'use' | 'either';
  /** ZB-P24 */
  readonly offsetBeyondEnd: 'NO_IMAGE_AVAILABLE' | 'anyNonSuccess';
  /** ZB-P25 */
  readonly maxDataZero: 'refuse' | 'information';
  /** ZB-P26 */
  readonly foreignEnd: 'none' | 'information';
}
