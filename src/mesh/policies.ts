/**
 * Readings of the places that the model specifications leave open, by the names of the proforma. `information` records what the device does and moves no
 * verdict.
 */
export interface MeshPolicies {
  readonly reportOpcode: '68' | '68or65';
  readonly modeBits: 'bit0push' | 'information';
  /** Largest block size log. */
  readonly blockLogMax: '0x20' | '20';
  /** `8`, or any status but Success. */
  readonly undeclaredMode: '8' | 'anyNonSuccess';
  readonly prohibitedTtl: 'ignore' | 'refuse' | 'information';
  readonly persistence: 'asStored' | 'information';
  readonly waitingForStart: 'never' | 'serverTimeout' | 'information';
  readonly receiversOutsideIdle: 'success' | '7' | 'either';
  /** Phase of a pull transfer after its last block, before Transfer Get. */
  readonly pullEnd: '3' | '4' | 'either';
  readonly uploadRestart: 'resumes' | 'startsNew' | 'information';
  readonly firmwareGetUnknown: '4' | '4orFFFF';
  readonly firmwareDeleteUnknown: 'success' | '4' | 'either';
  /** Whether the optional fields of a reply with an error status are compared. */
  readonly errorFields: 'ignore' | 'compare';
  readonly heldImage: 'accept' | 'fail';
  readonly identicalStart: 'success' | 'either';
  readonly clientMtu: 'accept' | 'fail';
  readonly capabilities: 'iff' | 'declaredMustShow' | 'information';
  readonly oobUnsupported: '9' | 'anyNonSuccess';
  readonly shortPhases: 'mayBeMissed' | 'mustBeSeen';
  /** Status messages after Cancel in Applying. */
  readonly cancelWhileApplying: 'two' | 'oneOrTwo';
  readonly unprovisionedAnswers: 'applyFailed' | 'information';
  readonly uriScheme: 'https' | 'httpOrHttps';
}
