import { expect } from 'chai';
import { mustDecode } from '../../src/core/claim.ts';
import { RES } from '../../src/lwm2m/codec/swmgmt.ts';
import { printValue, type Value } from '../../src/lwm2m/codec/value.ts';
import { valueAt } from '../../src/lwm2m/kinds.ts';
import { answerTo, type J } from './claims.ts';
import { resourceItem } from './items.ts';
import { own, type T } from './moves.ts';

/** Reads resources 17 and 18 and every instance that 17 links to. */
export async function readComponents(t: T): Promise<void> {
  const links = await t.read([9, own(t), RES.components], 'components');
  if (t.declared(resourceItem(RES.treeLength))) await t.read([9, own(t), RES.treeLength], 'number');
  for (const { value } of links ?? [])
    if (value?.type === 'Objlnk')
      await t.read([value.value.object, value.value.instance], `component ${printValue(value)}`);
}

/**
 * Links lead to instances of object 14 that exist; resource 18 is their number. `installed`: software with components is there. Without it the optional
 * resources may have no value.
 */
export function judgeComponents(j: J, installed: boolean): Value[] | undefined {
  const reply = answerTo(j, 'SWMGMT-9.17.links', 'read', 'components');
  if (reply === undefined) return undefined;
  const values = reply.entries?.flatMap((e) => e.value ?? []) ?? [];
  if (!installed && reply.code === '4.04') j.note('Software Component Link has no value');
  else
    j.check('SWMGMT-9.17.links', () => {
      expect(reply.code, 'Read of resource 17').to.equal('2.05');
      mustDecode(reply.problem, 'body of resource 17');
    });
  for (const value of values) {
    const label = `component ${printValue(value)}`;
    j.check('SWMGMT-9.17.links', () => expect(printValue(value), 'link to a component').to.match(/^14:/));
    const component = answerTo(j, 'SWMGMT-9.17.links', 'read', label);
    if (component !== undefined)
      j.check('SWMGMT-9.17.links', () => expect(component.code, `Read of ${label}`).to.equal('2.05'));
  }
  if (!j.declared(resourceItem(RES.treeLength))) return values;
  const number = answerTo(j, 'SWMGMT-9.18.count', 'read', 'number');
  if (!installed && values.length === 0 && number?.code === '4.04') {
    j.note('Software Component tree length has no value');
    return values;
  }
  const count = number?.entries === undefined ? undefined : valueAt(number.entries, number.path);
  if (number !== undefined)
    j.check('SWMGMT-9.18.count', () =>
      expect(count === undefined ? number.code : printValue(count), 'resource 18').to.equal(String(values.length)),
    );
  return values;
}
