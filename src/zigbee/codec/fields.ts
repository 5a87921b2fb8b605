import { TesterError } from '../../core/errors.ts';
import { present, uint } from '../../core/layout/fields.ts';
import type { Field, Values } from '../../core/layout/layout.ts';
import { zclStatus } from './numbers.ts';

/** Two octets that are read as hex: manufacturer, image type, attribute. */
export const code = uint(16, { hex: true });

/** File version: application release and build, stack release and build, from the high octet down. */
export const fileVersion = uint(32, { hex: true });

/** A status; others than these are decoded and reported. */
export function status(...only: readonly (keyof typeof zclStatus)[]): Field<number> {
  if (only.length === 0) return uint(8, { of: zclStatus });
  return uint(8, { of: zclStatus, only: only.map((name) => zclStatus[name]) });
}

/**
 * A field that older revisions left out: absent where nothing is left and `allowed` holds, which is reported. It is always
 * written; a shorter message is made with `rawFrame`.
 */
export function sinceLater<T>(
  field: Field<T>,
  allowed: (values: Values) => boolean = () => true,
): Field<T | undefined> {
  const plain = present(field, (reader, before, name) => {
    if (reader.left > 0 || !allowed(before)) return true;
    reader.reports.push(`ends before ${name}, as older revisions do`);
    return false;
  });
  return {
    ...plain,
    write(writer, value, name, all) {
      if (value === undefined) throw new TesterError('layout', `${name} is missing`);
      plain.write(writer, value, name, all);
    },
  };
}
