import { TesterError } from './errors.ts';

export type IxitValue = string | number | boolean;

/** The IXIT of one standard, checked against its proforma before the run; reading a name that is not there is our defect. */
export interface Ixit {
  readonly values: Readonly<Record<string, IxitValue>>;
  has(name: string): boolean;
  number(name: string): number;
  text(name: string): string;
  flag(name: string): boolean;
}

export function ixitOf(values: Readonly<Record<string, IxitValue>>): Ixit {
  const get = (name: string): IxitValue => {
    const value = values[name];
    if (value === undefined)
      throw new TesterError('ixit', `IXIT ${name} is not declared; the case must list it in \`ixit\``);
    return value;
  };
  const typed = <V extends IxitValue>(name: string, type: string): V => {
    const value = get(name);
    if (typeof value !== type)
      throw new TesterError('ixit', `IXIT ${name}: expected a ${type}, found ${JSON.stringify(value)}`);
    return value as V;
  };
  return {
    values,
    has: (name) => values[name] !== undefined,
    number: (name) => typed<number>(name, 'number'),
    text: (name) => typed<string>(name, 'string'),
    flag: (name) => typed<boolean>(name, 'boolean'),
  };
}
