import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** One frame of `vectors.yaml`, whose head explains the keys. */
export interface FrameVector {
  readonly of: string;
  readonly case: string;
  readonly hex: string;
  readonly header: { readonly from: 'client' | 'server'; readonly sequence: number; readonly quiet: boolean };
  readonly value: Readonly<Record<string, unknown>>;
}

/** One odd frame, and what reading it gives. */
export interface OddVector {
  readonly case: string;
  readonly hex: string;
  readonly reports?: readonly string[];
  readonly malformed?: { readonly code: string; readonly at: number; readonly of?: string };
  readonly unknown?: { readonly command: number; readonly reports: readonly string[] };
}

/** All vectors of ZCL frames; only tests and checks read them. */
export function loadFrameVectors(): { readonly frames: readonly FrameVector[]; readonly odd: readonly OddVector[] } {
  const here = new URL(import.meta.url.replace('/dist/src/', '/src/'));
  const plain = parse(readFileSync(new URL('vectors.yaml', here), 'utf8')) as ReturnType<typeof loadFrameVectors>;
  return { ...plain, frames: plain.frames.map((v) => ({ ...v, value: revive(v.value) as FrameVector['value'] })) };
}

/** `hex:` texts as octets. */
function revive(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith('hex:') ? Buffer.from(value.slice(4), 'hex') : value;
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revive(inner)]));
}
