import { type Path, parsePath, printPath } from './path.ts';

/** One attribute of a link; without value it is a flag. */
export interface Attribute {
  readonly name: string;
  readonly value?: string;
  /** Written with quotes; devices of 1.0 quote versions, later ones do not. */
  readonly quoted?: boolean;
}

/** One link of a CoRE link list (RFC 6690). */
export interface Link {
  readonly target: string;
  readonly attributes: readonly Attribute[];
}

export type DecodedLinks =
  | { readonly ok: true; readonly links: readonly Link[] }
  | { readonly ok: false; readonly reason: string };

const TARGET = /<([^<>]*)>/y;
const ATTRIBUTE = /;\s*([^\s=;,"<>]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s;,"<>]*)))?/y;
const COMMA = /\s*,\s*/y;

/** Reads a list of links, strictly; says where it stops being one. */
export function decodeLinks(payload: Uint8Array): DecodedLinks {
  const text = Buffer.from(payload).toString('utf8');
  const links: Link[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    at += found?.[0].length ?? 0;
    return found;
  };
  if (text === '') return { ok: true, links };
  for (;;) {
    const target = match(TARGET)?.[1];
    if (target === undefined) return { ok: false, reason: `no link at octet ${at}` };
    const attributes: Attribute[] = [];
    for (let found = match(ATTRIBUTE); found !== null; found = match(ATTRIBUTE)) {
      const [, name = '', quoted, plain] = found;
      const value = quoted?.replace(/\\(.)/g, '$1') ?? plain;
      attributes.push({
        name,
        ...(value === undefined ? {} : { value }),
        ...(quoted === undefined ? {} : { quoted: true }),
      });
    }
    links.push({ target, attributes });
    if (at === text.length) return { ok: true, links };
    if (match(COMMA) === null) return { ok: false, reason: `neither a comma nor an attribute at octet ${at}` };
  }
}

/** Writes a list of links. */
export function encodeLinks(links: readonly Link[]): Buffer {
  const attribute = ({ name, value, quoted }: Attribute): string => {
    if (value === undefined) return `;${name}`;
    return quoted === true ? `;${name}="${value.replace(/(["\\])/g, '\\$1')}"` : `;${name}=${value}`;
  };
  return Buffer.from(links.map((l) => `<${l.target}>${l.attributes.map(attribute).join('')}`).join(','), 'utf8');
}

/** The value of an attribute; the empty text for a flag. */
export function attributeOf(link: Link, name: string): string | undefined {
  const found = link.attributes.find((a) => a.name === name);
  return found === undefined ? undefined : (found.value ?? '');
}

/** A link that names a place in the data model. */
export interface ModelLink {
  readonly path: Path;
  readonly link: Link;
}

/** What a registration, or an answer to Discover, says of the data model. */
export interface ModelLinks {
  /** What stands before every path: `/`, or the target of the link with `rt="oma.lwm2m"`. */
  readonly root: string;
  /** Content format that the root link prefers. */
  readonly preferred: number | undefined;
  readonly links: readonly ModelLink[];
  /** Targets that are no path of the data model. */
  readonly foreign: readonly string[];
}

/** Reads links as paths, below the root that they name. */
export function modelLinks(links: readonly Link[]): ModelLinks {
  const rootLink = links.find((l) => attributeOf(l, 'rt')?.split(' ').includes('oma.lwm2m'));
  const root = rootLink?.target ?? '/';
  const prefix = root.replace(/\/$/, '');
  const ct = rootLink === undefined ? undefined : attributeOf(rootLink, 'ct');
  const found: ModelLink[] = [];
  const foreign: string[] = [];
  for (const link of links) {
    if (link === rootLink) continue;
    const path = link.target.startsWith(`${prefix}/`) ? parsePath(link.target.slice(prefix.length)) : undefined;
    if (path === undefined || path.length === 0) foreign.push(link.target);
    else found.push({ path, link });
  }
  return { root, preferred: ct === undefined ? undefined : Number(ct), links: found, foreign };
}

/** A link to a place in the data model, without attributes unless given. */
export function linkTo(path: Path, attributes: readonly Attribute[] = []): Link {
  return { target: printPath(path), attributes };
}
