/**
 * What a request is about; stands in the log with the request, so that reading the log needs no knowledge of paths.
 * `swu` the software update resource, `look` the same by the tester's own polling, `links` discovery, `version` the resource that tells the running version,
 * `pstat` the provisioning status, `owning` what makes the tester the owner and brings the device to normal operation.
 */
export type Subject = 'swu' | 'look' | 'links' | 'version' | 'alive' | 'pstat' | 'owning';

/** `swu: bad month` */
export function noteOf(subject: Subject, label: string | undefined): string {
  return label === undefined ? subject : `${subject}: ${label}`;
}

/** Subject and label of what {@link noteOf} wrote; an empty subject where there is no note. */
export function readNote(note: string | undefined): { subject: string; label: string | undefined } {
  const [subject = '', ...rest] = (note ?? '').split(': ');
  return { subject, label: rest.length === 0 ? undefined : rest.join(': ') };
}
