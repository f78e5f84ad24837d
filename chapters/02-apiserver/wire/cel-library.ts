/**
 * The functions that Kubernetes' CEL has beyond the language's own: lists, regular expressions,
 * URLs, quantities, addresses, sets, formats. Given; `cel.ts` adds them to the library's
 * environment.
 *
 * Signatures are in the library's notation. Text with a type parameter is `dyn` there.
 *
 * @see k8s.io/apiserver/pkg/cel/library/{lists,regex,urls,quantity,ip,cidr,format}.go (1.33)
 */

import {
  dnsLabelFaults,
  dnsSubdomainFaults,
  labelValueFaults,
  Quantity,
  qualifiedNameFaults,
} from '#apimachinery';
import { isOfFormat } from '../custom-resources/formats.ts';
import { goPattern } from '../custom-resources/go-pattern.ts';
import { parseIp } from '../kinds/core/ip-addresses.ts';
import { dns1035LabelFaults } from '../kinds/value-formats.ts';

/** A function's signature and what it does with its arguments. */
export type CelFunction = readonly [signature: string, run: (...args: never[]) => unknown];

/** An amount, in CEL. */
export class CelQuantity {
  readonly amount: Quantity;

  constructor(amount: Quantity) {
    this.amount = amount;
  }
}

/** A URL, in CEL. */
export class CelUrl {
  readonly url: URL;
  readonly isAbsolute: boolean;

  constructor(text: string) {
    if (!isOfFormat(text, 'uri')) fail(`URL parse error during conversion from string: ${text}`);
    this.isAbsolute = !text.startsWith('/');
    this.url = new URL(text, 'http://relative.invalid');
  }
}

/** An IP address, in CEL. */
export class CelIp {
  readonly bytes: readonly number[];
  readonly text: string;

  constructor(text: string) {
    this.bytes = parseIp(text) ?? fail(`IP Address ${JSON.stringify(text)} parse error`);
    this.text = text;
  }
}

/** A network, in CEL. */
export class CelCidr {
  readonly bytes: readonly number[];
  readonly bits: number;

  constructor(text: string) {
    const [, address = '', bits = ''] = /^(.+)\/(\d{1,3})$/.exec(text) ?? [];
    this.bytes = parseIp(address) ?? fail(`network address parse error: ${JSON.stringify(text)}`);
    this.bits = Number(bits);
    if (this.bits > this.bytes.length * 8) fail(`network address parse error: ${text}`);
  }

  contains(bytes: readonly number[]): boolean {
    if (bytes.length !== this.bytes.length) return false;
    return this.bytes.every((byte, i) => {
      const left = Math.min(Math.max(this.bits - i * 8, 0), 8);
      const mask = (0xff << (8 - left)) & 0xff;
      return (byte & mask) === ((bytes[i] ?? 0) & mask);
    });
  }
}

/** What `sets.contains(…)` and its like are called on. */
export class CelSets {}

/** What `format.dns1123Label()` and its like are called on. */
export class CelFormats {}

/** A form that texts can have, in CEL. */
export class CelFormat {
  readonly faults: (text: string) => string[];

  constructor(faults: (text: string) => string[]) {
    this.faults = faults;
  }
}

function fail(message: string): never {
  throw new Error(message);
}

function succeeds(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch {
    return false;
  }
}

type Ordered = bigint | number | string | boolean | Date;
type List<T> = Iterable<T>;

function isSorted(list: List<Ordered>): boolean {
  const items = [...list];
  return items.every((item, i) => i === 0 || (items[i - 1] as Ordered) <= item);
}

/** The first of those that no other is before. */
function extreme(list: List<Ordered>, isBetter: (a: Ordered, b: Ordered) => boolean, name: string) {
  const [first, ...rest] = list;
  if (first === undefined) return fail(`${name} called on empty list`);
  return rest.reduce((best, item) => (isBetter(item, best) ? item : best), first);
}

function sum(list: List<bigint | number>): bigint | number {
  const items = [...list];
  if (items.some((item) => typeof item === 'number')) {
    return items.reduce<number>((all, item) => all + Number(item), 0);
  }
  return items.reduce<bigint>((all, item) => all + BigInt(item), 0n);
}

const LISTS: readonly CelFunction[] = [
  ['list.isSorted(): bool', isSorted],
  ['list.sum(): dyn', sum],
  ['list.min(): dyn', (list: List<Ordered>) => extreme(list, (a, b) => a < b, 'min')],
  ['list.max(): dyn', (list: List<Ordered>) => extreme(list, (a, b) => a > b, 'max')],
  [
    'list.indexOf(dyn): int',
    (list: List<unknown>, item: unknown) => BigInt([...list].indexOf(item)),
  ],
  [
    'list.lastIndexOf(dyn): int',
    (list: List<unknown>, item: unknown) => BigInt([...list].lastIndexOf(item)),
  ],
];

function findAll(text: string, pattern: string, limit = -1): string[] {
  const regExp = goPattern(pattern);
  const found = [...text.matchAll(new RegExp(regExp.source, `${regExp.flags}g`))].map(([m]) => m);
  return limit < 0 ? found : found.slice(0, limit);
}

function replace(text: string, old: string, by: string, limit = -1): string {
  const parts = text.split(old);
  const times = limit < 0 ? parts.length : limit;
  return parts.reduce(
    (made, part, i) => (i === 0 ? part : made + (i <= times ? by : old) + part),
    '',
  );
}

/** `%s` and its like. */
function format(text: string, values: List<unknown>): string {
  const rest = [...values];
  return text.replaceAll(
    /%(?:\.(\d+))?([%a-zA-Z])/g,
    (_, digits: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      if (rest.length === 0) return fail('index 0 out of range');
      const value = rest.shift();
      switch (verb) {
        case 'f':
          return Number(value).toFixed(Number(digits ?? 6));
        case 'x':
          return Number(value).toString(16);
        case 'X':
          return Number(value).toString(16).toUpperCase();
        case 'b':
          return Number(value).toString(2);
        case 'o':
          return Number(value).toString(8);
        case 'e':
          return Number(value).toExponential(Number(digits ?? 6));
        default:
          return shown(value);
      }
    },
  );
}

function shown(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'bigint') return String(value);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Map) {
    return `{${[...value].map(([key, item]) => `${key}: ${shown(item)}`).join(', ')}}`;
  }
  return Array.isArray(value) ? `[${value.map(shown).join(', ')}]` : String(value);
}

/** What `matches` is called here: the library has one of its own, which reads patterns as JavaScript does. */
export const GO_MATCHES = 'matchesGo';

const TEXTS: readonly CelFunction[] = [
  [
    `string.${GO_MATCHES}(string): bool`,
    (text: string, pattern: string) => goPattern(pattern).test(text),
  ],
  [
    'string.find(string): string',
    (text: string, pattern: string) => findAll(text, pattern, 1)[0] ?? '',
  ],
  ['string.findAll(string): list<string>', findAll],
  [
    'string.findAll(string, int): list<string>',
    (text: string, pattern: string, limit: bigint) => findAll(text, pattern, Number(limit)),
  ],
  ['string.replace(string, string): string', replace],
  [
    'string.replace(string, string, int): string',
    (text: string, old: string, by: string, limit: bigint) => replace(text, old, by, Number(limit)),
  ],
  ['string.charAt(int): string', (text: string, at: bigint) => [...text][Number(at)] ?? ''],
  ['string.reverse(): string', (text: string) => [...text].reverse().join('')],
  ['string.format(list): string', format],
];

const isUrl = (text: string) => succeeds(() => new CelUrl(text));
const absolute = ({ isAbsolute }: CelUrl, part: string) => (isAbsolute ? part : '');

const URLS: readonly CelFunction[] = [
  ['isURL(string): bool', isUrl],
  ['url(string): URL', (text: string) => new CelUrl(text)],
  ['URL.getScheme(): string', (it: CelUrl) => absolute(it, it.url.protocol.replace(':', ''))],
  ['URL.getHost(): string', (it: CelUrl) => absolute(it, it.url.host)],
  [
    'URL.getHostname(): string',
    (it: CelUrl) => absolute(it, it.url.hostname.replace(/^\[|\]$/g, '')),
  ],
  ['URL.getPort(): string', (it: CelUrl) => absolute(it, it.url.port)],
  ['URL.getEscapedPath(): string', ({ url }: CelUrl) => url.pathname],
  [
    'URL.getQuery(): map<string, list<string>>',
    ({ url }: CelUrl) =>
      new Map(
        [...new Set(url.searchParams.keys())].map((key) => [key, url.searchParams.getAll(key)]),
      ),
  ],
];

const quantity = (text: string) => new CelQuantity(Quantity.parse(text));
const compare = (a: CelQuantity, b: CelQuantity) => a.amount.compare(b.amount);
const amountOf = (value: CelQuantity | bigint) =>
  value instanceof CelQuantity ? value.amount : new Quantity(value);
const isWhole = ({ amount }: CelQuantity) => new Quantity(amount.value()).equals(amount);

const QUANTITIES: readonly CelFunction[] = [
  ['isQuantity(string): bool', (text: string) => succeeds(() => quantity(text))],
  ['quantity(string): Quantity', quantity],
  ['Quantity.sign(): int', ({ amount }: CelQuantity) => BigInt(amount.compare(Quantity.zero))],
  ['Quantity.isInteger(): bool', isWhole],
  [
    'Quantity.asInteger(): int',
    (it: CelQuantity) =>
      isWhole(it) ? it.amount.value() : fail('cannot convert value to integer'),
  ],
  [
    'Quantity.asApproximateFloat(): double',
    ({ amount }: CelQuantity) => Number(amount.milliValue()) / 1000,
  ],
  ['Quantity.isGreaterThan(Quantity): bool', (a: CelQuantity, b: CelQuantity) => compare(a, b) > 0],
  ['Quantity.isLessThan(Quantity): bool', (a: CelQuantity, b: CelQuantity) => compare(a, b) < 0],
  ['Quantity.compareTo(Quantity): int', (a: CelQuantity, b: CelQuantity) => BigInt(compare(a, b))],
  ...(['Quantity', 'int'] as const).flatMap((type): CelFunction[] => [
    [
      `Quantity.add(${type}): Quantity`,
      (a: CelQuantity, b: CelQuantity | bigint) => new CelQuantity(a.amount.add(amountOf(b))),
    ],
    [
      `Quantity.sub(${type}): Quantity`,
      (a: CelQuantity, b: CelQuantity | bigint) => new CelQuantity(a.amount.sub(amountOf(b))),
    ],
  ]),
];

const ADDRESSES: readonly CelFunction[] = [
  ['isIP(string): bool', (text: string) => succeeds(() => new CelIp(text))],
  ['ip(string): IP', (text: string) => new CelIp(text)],
  ['string(IP): string', ({ text }: CelIp) => text],
  ['IP.family(): int', ({ bytes }: CelIp) => (bytes.length === 4 ? 4n : 6n)],
  ['IP.isUnspecified(): bool', ({ bytes }: CelIp) => bytes.every((byte) => byte === 0)],
  [
    'IP.isLoopback(): bool',
    ({ bytes }: CelIp) =>
      bytes.length === 4
        ? bytes[0] === 127
        : bytes.every((byte, i) => byte === (i === bytes.length - 1 ? 1 : 0)),
  ],
  ['isCIDR(string): bool', (text: string) => succeeds(() => new CelCidr(text))],
  ['cidr(string): CIDR', (text: string) => new CelCidr(text)],
  [
    'CIDR.containsIP(string): bool',
    (it: CelCidr, text: string) => it.contains(new CelIp(text).bytes),
  ],
  ['CIDR.containsIP(IP): bool', (it: CelCidr, { bytes }: CelIp) => it.contains(bytes)],
  ['CIDR.prefixLength(): int', ({ bits }: CelCidr) => BigInt(bits)],
];

const hasAll = (list: List<unknown>, items: List<unknown>) => {
  const all = new Set(list);
  return [...items].every((item) => all.has(item));
};

const SETS: readonly CelFunction[] = [
  [
    'Sets.contains(list, list): bool',
    (_: CelSets, a: List<unknown>, b: List<unknown>) => hasAll(a, b),
  ],
  [
    'Sets.equivalent(list, list): bool',
    (_: CelSets, a: List<unknown>, b: List<unknown>) => hasAll(a, b) && hasAll(b, a),
  ],
  [
    'Sets.intersects(list, list): bool',
    (_: CelSets, a: List<unknown>, b: List<unknown>) => {
      const all = new Set(a);
      return [...b].some((item) => all.has(item));
    },
  ],
];

/** A name that something will follow may end with a hyphen. */
const asPrefix = (faults: (text: string) => string[]) => (text: string) =>
  faults(text.endsWith('-') ? `${text.slice(0, -1)}a` : text);
const asFormat = (name: string) => (text: string) =>
  isOfFormat(text, name) ? [] : [`invalid ${name}`];

const NAMED_FORMATS: Readonly<Record<string, (text: string) => string[]>> = {
  dns1123Label: dnsLabelFaults,
  dns1123Subdomain: dnsSubdomainFaults,
  dns1035Label: dns1035LabelFaults,
  dns1123LabelPrefix: asPrefix(dnsLabelFaults),
  dns1123SubdomainPrefix: asPrefix(dnsSubdomainFaults),
  dns1035LabelPrefix: asPrefix(dns1035LabelFaults),
  qualifiedName: qualifiedNameFaults,
  labelValue: labelValueFaults,
  uri: asFormat('uri'),
  uuid: asFormat('uuid'),
  byte: asFormat('byte'),
  date: asFormat('date'),
  datetime: asFormat('date-time'),
};

const FORMATS: readonly CelFunction[] = Object.entries(NAMED_FORMATS).map(([name, faults]) => [
  `Formats.${name}(): Format`,
  () => new CelFormat(faults),
]);

/** Types of the library's own, by name. */
export const CEL_TYPES = {
  Quantity: CelQuantity,
  URL: CelUrl,
  IP: CelIp,
  CIDR: CelCidr,
  Sets: CelSets,
  Formats: CelFormats,
  Format: CelFormat,
} as const;

/** All functions. */
export const CEL_FUNCTIONS: readonly CelFunction[] = [
  ...LISTS,
  ...TEXTS,
  ...URLS,
  ...QUANTITIES,
  ...ADDRESSES,
  ...SETS,
  ...FORMATS,
];
