import { itemsOfCascade } from './cascade.ts';
import { clauseText } from './clause.ts';
import { itemsOf } from './condition.ts';
import type { Item, Ixit, Policy, Proforma, Proformas } from './proforma.ts';
import { proformaOf } from './proforma.ts';
import { printForm, printOptions } from './values.ts';

const MEANING: Readonly<Record<string, string>> = { M: 'Mandatory', O: 'Optional', X: 'Must not be supported' };

/** The status in words, with the condition where it has one. */
function statusText(item: Item): string {
  if (item.status.startsWith('O.')) return `${item.status}, at least one of this group`;
  return item.status.startsWith('C.') ? `${item.status}, ${item.rule.text}` : (MEANING[item.status] ?? item.status);
}

function comment(indent: string, text: string): string {
  return `${indent}# ${text}`;
}

/** One item: what it is as comments, then the key that waits for an answer. */
function itemLines(item: Item): string[] {
  const extra = [
    item.alias === undefined ? '' : `also known as ${item.alias}`,
    item.depends === undefined ? '' : `needs ${item.depends.text}`,
    item.note ?? '',
  ].filter((part) => part !== '');
  return [
    comment('    ', `${item.capability}. ${statusText(item)}. See ${clauseText(item.clause)}.`),
    ...extra.map((part) => comment('    ', `  ${part}`)),
    `    "${item.table}/${item.number}":`,
  ];
}

function itemSection(proforma: Proforma): string[] {
  return [
    `  ${proforma.spec}:`,
    ...proforma.tables
      .filter((t) => t.empty === undefined)
      .flatMap((t) => [
        comment('    ', `Table ${t.number}: ${t.title}`),
        ...(t.prerequisite === undefined
          ? []
          : [comment('    ', `Only if ${t.prerequisite}; else leave the whole table out.`)]),
        ...t.items.flatMap(itemLines),
        '',
      ]),
  ];
}

/** One IXIT, its default filled in. */
function ixitLines({ name, def, required }: Ixit): string[] {
  const preset = def.default === undefined ? '' : `; default ${print(def.default)}`;
  const needed = required === undefined ? '' : `; required if ${required.text}`;
  return [
    comment('    ', `${def.text}: ${printForm(def)}${preset}${needed}.`),
    ...(def.cases.length === 0 ? [] : [comment('    ', `  for ${def.cases.join(', ')}`)]),
    `    ${name}:${def.default === undefined ? '' : ` ${print(def.default)}`}`,
  ];
}

function print(value: string | number | boolean): string {
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
}

/** One policy, commented out: the default holds until the vendor says otherwise. */
function policyLines({ name, def, default: preset }: Policy): string[] {
  const options = printOptions(def);
  return [
    comment(
      '    ',
      `${def.id}: ${def.question} ${options[0]?.toUpperCase()}${options.slice(1)}; default: ${preset.text}.`,
    ),
    comment('    ', `${name}: ${preset.otherwise}`),
  ];
}

/** A section of maps by spec; `{}` where there is nothing to put in. */
function section(name: string, parts: readonly (readonly [string, readonly string[]])[]): string[] {
  const filled = parts.filter(([, lines]) => lines.length > 0);
  if (filled.length === 0) return [`${name}: {}`, ''];
  return [`${name}:`, ...filled.flatMap(([spec, lines]) => [`  ${spec}:`, ...lines]), ''];
}

/** A declaration to fill in for these proformas, and for those that their conditions name. Unknown specs are InputErrors. */
export function newDeclaration(specs: readonly string[], proformas: Proformas): string {
  const chosen = new Set<string>();
  const queue = specs.map((spec) => proformaOf(proformas, spec));
  for (const proforma of queue) {
    if (chosen.has(proforma.spec)) continue;
    chosen.add(proforma.spec);
    for (const other of layersOf(proforma)) queue.push(proformaOf(proformas, other));
  }
  const list = [...chosen].map((spec) => proformaOf(proformas, spec));
  return [
    '# Declaration (ICS). Answer every item with yes or no; a table whose prerequisite is no may be left out.',
    '# Check it with: plumbline ics check FILE',
    ...list.map((p) => {
      const edition = [p.document, p.date, p.release].filter((part) => part !== undefined).join(', ');
      return `# ${p.spec}: ${p.title} (${edition})${p.note === undefined ? '' : `. ${p.note}`}`;
    }),
    '',
    'product:',
    '  vendor:',
    '  name:',
    '  version:',
    '',
    'ics:',
    ...list.flatMap(itemSection),
    ...section(
      'ixit',
      list.map((p) => [p.spec, [...p.ixit.values()].flatMap(ixitLines)] as const),
    ),
    '# Places that the standard leaves open; take the comment sign away to choose a reading of your own.',
    ...section(
      'policies',
      list.map((p) => [p.spec, [...p.policies.values()].flatMap(policyLines)] as const),
    ),
    '# Accepted FAILs, each with case, statement, owner, expires (a date) and reason.',
    'waivers: []',
  ].join('\n');
}

/** The other proformas whose items this one names. */
function layersOf(proforma: Proforma): string[] {
  const names = proforma.tables.flatMap((t) =>
    t.items.flatMap((i) => [...itemsOfCascade(i.rule), ...(i.depends === undefined ? [] : itemsOf(i.depends.expr))]),
  );
  return [...new Set(names.map((name) => name.slice(0, name.indexOf(' '))))].filter((spec) => spec !== proforma.spec);
}
