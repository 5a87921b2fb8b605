/** A device with one known fault, and what the verdict card must show of it on its first screen. */
export interface Seeded {
  readonly ics: string;
  readonly rig: string;
  readonly fault: string;
  readonly case: string;
  /** The violated statement. */
  readonly statement: string;
  /** The packet that shows the fault, as the card marks it, with the line before it. */
  readonly packet: RegExp;
  /** Expected, observed and the claim, as they stand below one another. */
  readonly says: RegExp;
}

const ocf = (fault: string, id: string, statement: string, packet: RegExp, says: RegExp): Seeded => ({
  ics: 'ics/declarations/ocf-plain.yaml',
  rig: 'rigs/ocf-sim.yaml',
  fault,
  case: `OCFSWU/${id}`,
  statement: `OCFSWU-${statement}`,
  packet,
  says,
});

/** Spread over what a device can get wrong: discovery, representation, UPDATE, observation, schedules, results, power, silence. */
export const SEEDED: readonly Seeded[] = [
  // The longest first: two attempts with silence in each.
  ocf(
    'freezes-in-upgrade',
    'SCHED/03',
    'GEN.answers',
    /swupdateaction upgrade[^]*\n>.*▶ 0\.01 GET \/oc\/swu/,
    /observed no answer \d+ ms after the last octet from the device/,
  ),
  ocf(
    'two-links',
    'DISC/01',
    'T1.rt',
    />.*multicast ◀ 2\.05 .*links \/oc\/swu \/oc\/swu\/1$/,
    /expected 1 observed 2 because links of type/,
  ),
  ocf(
    'without-purl',
    'READ/01',
    'T2.purl',
    /GET \/oc\/swu \(plain\)\n>.*◀ 2\.05 Content (?!.*purl)/,
    /expected to include 'purl' observed swupdateaction/,
  ),
  ocf(
    'state-upper-case',
    'READ/03',
    'T2.types',
    /\(rw\)\n>.*◀ 2\.05 Content swupdatestate IDLE/,
    /observed swupdatestate is "IDLE", not one of idle,/,
  ),
  ocf(
    'any-interface',
    'READ/08',
    'T1.if-other',
    /\?if=oic\.if\.ll .*\n>.*◀ 2\.05/,
    /expected a refusal, 4\.xx observed 2\.05 because answer to a RETRIEVE with oic\.if\.ll/,
  ),
  ocf(
    'update-not-stored',
    'UPD/01',
    'A4.applied',
    /GET \/oc\/swu \(after\)\n>.*◀ 2\.05 .*purl ""/,
    /expected https:\S+\/new observed "" because purl/,
  ),
  ocf(
    'partial-clobbers',
    'UPD/03',
    'A4.required',
    /GET \/oc\/swu \(after\)\n>.*◀ 2\.05 .*swupdateaction idle/,
    /observed action: isac became idle because changes from "before" to "after"/,
  ),
  ocf(
    'read-only-written',
    'UPD/06',
    'T6.read-only',
    /\(after read-only swupdatestate\)\n>.*◀ 2\.05 .*swupdatestate sva/,
    /observed swupdatestate became sva/,
  ),
  ocf(
    'bad-time-stored',
    'UPD/08',
    'T2.time-valid',
    /updatetime "\d{4}-13-01T00:00:00Z".*\n>.*◀ 2\.04/,
    /expected a refusal, 4\.xx observed 2\.04 because answer to month 13/,
  ),
  ocf(
    'offset-dropped',
    'UPD/09',
    'T2.time-offset',
    /GET \/oc\/swu \(offset \+05:30\)\n>.*◀ 2\.05 .*updatetime \S+Z/,
    /expected the instant \S+\+05:30 observed \S+Z because updatetime/,
  ),
  ocf(
    'broken-body-accepted',
    'UPD/20',
    'GEN.malformed',
    /no CBOR: ff00ff\n>.*◀ 2\.04/,
    /expected a refusal, 4\.xx observed 2\.04 because answer to a body with break/,
  ),
  ocf(
    'notification-behind',
    'OBS/02',
    'T7.notify',
    />.*◀ notification \d+ .*purl \S+\/same4/,
    /no notification of the change after UPDATE \(same\)/,
  ),
  ocf(
    'sequence-falls',
    'OBS/02',
    'OBSERVE.sequence',
    />.*◀ notification \d+ \(overtaken\) .*purl \S+\/same1/,
    /expected later than \d+, which was received before its change was made observed \d+/,
  ),
  ocf(
    'notifies-after-deregistration',
    'OBS/05',
    'OBSERVE.end',
    />.*◀ notification \d+ of an ended observation, purl \S+\/request1/,
    /expected no notification of an ended observation/,
  ),
  ocf(
    'isvv-never-starts',
    'SCHED/02',
    '1.schedule',
    />.*◀ 2\.04 Changed .*swupdateaction isvv/,
    /because no sign of an update at work after accepted schedule/,
  ),
  ocf(
    'past-executes',
    'SCHED/05',
    '1.past',
    />.*packages +◀ https GET/,
    /expected no sign of an update at work observed package request/,
  ),
  ocf(
    'isac-goes-on',
    'SCHED/13',
    'T4.isac-only',
    />.*◀ .*swupdatestate svv/,
    /expected none of svv, sva, upgrading observed svv because state during the run/,
  ),
  ocf(
    'result-5-wrong',
    'RES/05',
    'T5.5',
    />.*◀ 2\.05 .*swupdateresult 8/,
    /expected 5 observed 8 because result at rest/,
  ),
  ocf(
    'version-unchanged',
    'LIFE/05',
    '1.updates',
    /GET \/oic\/p \(after\)\n>.*◀ 2\.05 .*mnfv "1\.0\.0"/,
    /expected not 1\.0\.0 observed 1\.0\.0 because version after the update/,
  ),
  ocf(
    'power-cut-sticks',
    'LIFE/06',
    'T3.consistent',
    /\(at the end\)\n>.*◀ 2\.05 .*swupdatestate svv/,
    /expected a state of rest: idle, nsa, sva observed svv/,
  ),
];
