import { Quantity, QuantityError, type QuantityFormat } from '#apimachinery';
import { describe, expect, fc, it, property } from '#kit';

const parse = (text: string): Quantity => Quantity.parse(text);
const canonical = (text: string): string => parse(text).toString();

describe('parsing a quantity', () => {
  const amounts: [text: string, milli: bigint][] = [
    ['0', 0n],
    ['5', 5_000n],
    ['100m', 100n],
    ['1k', 1_000_000n],
    ['2M', 2_000_000_000n],
    ['1Ki', 1_024_000n],
    ['1Mi', 1_048_576_000n],
    ['1.5Gi', 1_610_612_736_000n],
    ['0.5', 500n],
    ['1e3', 1_000_000n],
    ['-2', -2_000n],
  ];
  for (const [text, milli] of amounts) {
    it.core(`reads ${text}`, () => {
      expect(parse(text).milliValue()).toBe(milli);
    });
  }

  const suffixes: [suffix: string, nano: bigint][] = [
    ['n', 1n],
    ['u', 10n ** 3n],
    ['m', 10n ** 6n],
    ['', 10n ** 9n],
    ['k', 10n ** 12n],
    ['M', 10n ** 15n],
    ['G', 10n ** 18n],
    ['T', 10n ** 21n],
    ['P', 10n ** 24n],
    ['E', 10n ** 27n],
    ['Ki', 2n ** 10n * 10n ** 9n],
    ['Mi', 2n ** 20n * 10n ** 9n],
    ['Gi', 2n ** 30n * 10n ** 9n],
    ['Ti', 2n ** 40n * 10n ** 9n],
    ['Pi', 2n ** 50n * 10n ** 9n],
    ['Ei', 2n ** 60n * 10n ** 9n],
    ['e-3', 10n ** 6n],
    ['E-3', 10n ** 6n],
    ['e0', 10n ** 9n],
    ['e+6', 10n ** 15n],
    ['E6', 10n ** 15n],
  ];
  for (const [suffix, nano] of suffixes) {
    it(`knows the suffix "${suffix}"`, () => {
      expect(parse(`3${suffix}`).compare(new Quantity(3n * nano, -9))).toBe(0);
    });
  }

  const forms: [text: string, same: string][] = [
    ['+5', '5'],
    ['5.', '5'],
    ['.5', '500m'],
    ['-.5', '-500m'],
    ['007', '7'],
    ['1.50', '1500m'],
    ['+1.5Ki', '1536'],
    ['-0', '0'],
    ['0.000', '0'],
    ['0Gi', '0'],
    ['1E', '1000P'],
    ['1E1', '10'],
  ];
  for (const [text, same] of forms) {
    it(`reads "${text}" as ${same}`, () => {
      expect(parse(text).compare(parse(same))).toBe(0);
    });
  }

  it.core('says that 1.5Gigs is not a quantity', () => {
    expect(() => parse('1.5Gigs')).toThrow(QuantityError);
    expect(() => parse('1.5Gigs')).toThrow({ text: '1.5Gigs', problem: 'format' });
  });

  const malformed: [name: string, text: string][] = [
    ['no text', ''],
    ['only a sign', '-'],
    ['only a dot', '.'],
    ['only a suffix', 'Ki'],
    ['a space in front', ' 1'],
    ['a space behind', '1 '],
    ['a space between', '1 Gi'],
    ['a new line behind', '1\n'],
    ['two dots', '1.2.3'],
    ['two signs', '--1'],
    ['a dot behind the suffix', '1.1.M'],
    ['a letter no suffix has', '1b'],
    ['a comma', '1,5'],
    ['a hexadecimal number', '0x10'],
    ['other digits', '\u0661'],
    ['infinity', 'Infinity'],
  ];
  for (const [name, text] of malformed) {
    it(`refuses ${name}`, () => {
      expect(() => parse(text)).toThrow({ name: 'QuantityError', text, problem: 'format' });
    });
  }

  for (const text of ['1i', '3e', '3E+', '1mm', '1K', '1kk', '1Kii', '1ki', '1Ki3', '1m5', '5-5']) {
    it(`refuses the suffix of ${text}`, () => {
      expect(() => parse(text)).toThrow({ name: 'QuantityError', text, problem: 'suffix' });
    });
  }

  it('takes powers of ten up to a thousand, either way', () => {
    expect(parse('1e1000').compare(new Quantity(10n ** 1000n))).toBe(0);
    expect(parse('5e-1000').compare(parse('1n'))).toBe(0);
    expect(() => parse('1e1001')).toThrow({ problem: 'suffix' });
    expect(() => parse('1e-1001')).toThrow({ problem: 'suffix' });
  });

  it('does not stumble over a very long number', () => {
    const digits = '9'.repeat(400);
    expect(parse(digits).value()).toBe(BigInt(digits));
  });

  const rounded: [text: string, result: string][] = [
    ['0.1n', '1n'],
    ['1.1n', '2n'],
    ['-1.2n', '-2n'],
    ['0.0000000001', '1n'],
    ['-0.0000000001', '-1n'],
    ['1.0000000001', '1000000001n'],
    ['0.0001u', '1n'],
    ['1e-12', '1e-9'],
    ['2.0n', '2n'],
    ['0.0n', '0'],
  ];
  for (const [text, result] of rounded) {
    it(`rounds ${text} away from zero to ${result}`, () => {
      expect(canonical(text)).toBe(result);
    });
  }

  it('keeps a nano beside a large number', () => {
    expect(parse('9007199254740993.000000001').compare(parse('9007199254740993'))).toBe(1);
  });

  const capped: [text: string, value: bigint][] = [
    ['8Ei', 2n ** 63n - 1n],
    ['9999Ei', 2n ** 63n - 1n],
    ['-8Ei', -(2n ** 63n) + 1n],
    ['-9999Ei', -(2n ** 63n) + 1n],
    ['7Ei', 7n * 2n ** 60n],
    ['100E', 100n * 10n ** 18n],
    ['10e30', 10n ** 31n],
  ];
  for (const [text, value] of capped) {
    it(`takes ${text} for ${value}`, () => {
      expect(parse(text).value()).toBe(value);
    });
  }

  const formats: [text: string, format: QuantityFormat][] = [
    ['1', 'DecimalSI'],
    ['1k', 'DecimalSI'],
    ['1E', 'DecimalSI'],
    ['1Ki', 'BinarySI'],
    ['1e3', 'DecimalExponent'],
    ['1E3', 'DecimalExponent'],
    ['1e0', 'DecimalExponent'],
    ['0.0001Ki', 'DecimalSI'],
    ['-0.0001Ki', 'DecimalSI'],
    ['-5Ki', 'BinarySI'],
    ['0.0009765625Ki', 'BinarySI'],
    ['-0.0009765625Ki', 'BinarySI'],
    ['0.5Ki', 'BinarySI'],
    ['0Ki', 'BinarySI'],
  ];
  for (const [text, format] of formats) {
    it(`sees that ${text} is written in ${format}`, () => {
      expect(parse(text).format).toBe(format);
    });
  }
});

describe('comparing quantities', () => {
  it.core('goes by the amount, not by the text', () => {
    expect(parse('1').compare(parse('1000m'))).toBe(0);
    expect(parse('1Gi').compare(parse('1G'))).toBe(1);
    expect(parse('999m').compare(parse('1'))).toBe(-1);
    expect(parse('1e3').compare(parse('1k'))).toBe(0);
  });

  it('knows that negative amounts are small', () => {
    expect(parse('-1').compare(parse('1n'))).toBe(-1);
    expect(parse('-1').compare(parse('-2'))).toBe(1);
    expect(parse('0').compare(parse('-0'))).toBe(0);
  });

  it('sees a difference that a floating-point number cannot hold', () => {
    expect(parse('9007199254740993').compare(parse('9007199254740992'))).toBe(1);
    expect(parse('0.1').add(parse('0.2')).compare(parse('0.3'))).toBe(0);
  });

  it('compares amounts of which one is written with a large positive exponent', () => {
    expect(new Quantity(1n, 30).compare(new Quantity(10n ** 30n))).toBe(0);
    expect(new Quantity(1n, 30).compare(new Quantity(1n, -30))).toBe(1);
  });

  it('tells by equals whether two amounts are the same', () => {
    expect(parse('1Ki').equals(parse('1024'))).toBe(true);
    expect(parse('1Ki').equals(parse('1k'))).toBe(false);
  });

  it.core('knows nothing when it sees it', () => {
    expect(parse('0').isZero()).toBe(true);
    expect(parse('-0.0Gi').isZero()).toBe(true);
    expect(parse('1n').isZero()).toBe(false);
    expect(parse('-1').isZero()).toBe(false);
  });
});

describe('calculating with quantities', () => {
  it.core('adds', () => {
    expect(parse('1').add(parse('500m')).toString()).toBe('1500m');
    expect(parse('1Gi').add(parse('512Mi')).toString()).toBe('1536Mi');
  });

  it.core('subtracts, below zero too', () => {
    expect(parse('1').sub(parse('300m')).toString()).toBe('700m');
    expect(parse('1Gi').sub(parse('2Gi')).toString()).toBe('-1Gi');
  });

  it.core('turns a sign around', () => {
    expect(parse('5Mi').neg().toString()).toBe('-5Mi');
    expect(parse('-5m').neg().toString()).toBe('5m');
  });

  it('adds a tenth ten times and gets one', () => {
    let sum = Quantity.zero;
    for (let i = 0; i < 10; i++) sum = sum.add(parse('0.1'));
    expect(sum.toString()).toBe('1');
  });

  it('writes a sum as its first part is written', () => {
    expect(parse('1Ki').add(parse('1k')).toString()).toBe('2024');
    expect(parse('1Ki').add(parse('1k')).format).toBe('BinarySI');
    expect(parse('1k').add(parse('1Ki')).format).toBe('DecimalSI');
    expect(parse('1e3').add(parse('1Ki')).toString()).toBe('2024');
  });

  it('writes a sum that began with nothing as what was added', () => {
    expect(Quantity.zero.add(parse('1Gi')).toString()).toBe('1Gi');
    expect(parse('0').sub(parse('1Gi')).toString()).toBe('-1Gi');
    expect(parse('1Gi').add(parse('0')).format).toBe('BinarySI');
  });

  it('writes a difference as its first part is written', () => {
    expect(parse('2Gi').sub(parse('1073741824')).toString()).toBe('1Gi');
    expect(parse('2Gi').sub(parse('2G')).format).toBe('BinarySI');
  });

  it('does not cap a sum', () => {
    expect(parse('7Ei').add(parse('7Ei')).value()).toBe(14n * 2n ** 60n);
  });

  it('leaves what it is given as it was', () => {
    const a = parse('1');
    const b = parse('2');
    a.add(b);
    a.sub(b);
    a.neg();
    expect([a.toString(), b.toString()]).toEqual(['1', '2']);
  });
});

describe('whole units and thousandths', () => {
  const rows: [text: string, value: bigint, milli: bigint][] = [
    ['0', 0n, 0n],
    ['2', 2n, 2_000n],
    ['100m', 1n, 100n],
    ['1001m', 2n, 1_001n],
    ['1u', 1n, 1n],
    ['1n', 1n, 1n],
    ['1500u', 1n, 2n],
    ['-100m', -1n, -100n],
    ['-1001m', -2n, -1_001n],
    ['-1u', -1n, -1n],
    ['1.5Ki', 1_536n, 1_536_000n],
    ['3e3', 3_000n, 3_000_000n],
    ['20E', 20n * 10n ** 18n, 20n * 10n ** 21n],
  ];
  for (const [text, value, milli] of rows) {
    it.core(`rounds ${text} away from zero: ${value} and ${milli}m`, () => {
      expect(parse(text).value()).toBe(value);
      expect(parse(text).milliValue()).toBe(milli);
    });
  }
});

describe('the canonical text', () => {
  const core: [text: string, canonical: string][] = [
    ['0', '0'],
    ['0.5', '500m'],
    ['1000m', '1'],
    ['1000', '1k'],
    ['1500', '1500'],
    ['1024Ki', '1Mi'],
    ['1.5Gi', '1536Mi'],
    ['12e-1', '1200e-3'],
  ];
  for (const [text, expected] of core) {
    it.core(`of ${text} is ${expected}`, () => {
      expect(canonical(text)).toBe(expected);
    });
  }

  const rows: [text: string, canonical: string][] = [
    ['0Gi', '0'],
    ['-0', '0'],
    ['0e5', '0'],
    ['10', '10'],
    ['100', '100'],
    ['10000', '10k'],
    ['1000k', '1M'],
    ['1000000k', '1G'],
    ['1234567M', '1234567M'],
    ['0.1', '100m'],
    ['0.01', '10m'],
    ['0.001', '1m'],
    ['0.0001', '100u'],
    ['1.08', '1080m'],
    ['1000n', '1u'],
    ['1000000000n', '1'],
    ['1000P', '1E'],
    ['1000E', '1000E'],
    ['1000000E', '1000000E'],
    ['-1000m', '-1'],
    ['-1500m', '-1500m'],
    ['1000Ki', '1000Ki'],
    ['1025Ki', '1025Ki'],
    ['1024Mi', '1Gi'],
    ['1024Gi', '1Ti'],
    ['1024Ti', '1Pi'],
    ['1024Pi', '1Ei'],
    ['1Ki', '1Ki'],
    ['-1Ki', '-1Ki'],
    ['0.5Ki', '512'],
    ['-0.5Ki', '-512'],
    ['0.9765625Ki', '1k'],
    ['1.001Ki', '1025024m'],
    ['0.0001Ki', '102400u'],
    ['2500Mi', '2500Mi'],
    ['1e3', '1e3'],
    ['1000e0', '1e3'],
    ['1e4', '10e3'],
    ['1e9', '1e9'],
    ['10e9', '10e9'],
    ['1E21', '1e21'],
    ['1e30', '1e30'],
    ['5e0', '5'],
    ['500e-3', '500e-3'],
    ['1e-2', '10e-3'],
    ['1e-9', '1e-9'],
    ['-1e3', '-1e3'],
  ];
  for (const [text, expected] of rows) {
    it(`of ${text} is ${expected}`, () => {
      expect(canonical(text)).toBe(expected);
    });
  }

  const made: [mantissa: bigint, exponent: number, format: QuantityFormat, text: string][] = [
    [1024n ** 3n, 0, 'BinarySI', '1Gi'],
    [1001n * 1024n, 0, 'BinarySI', '1001Ki'],
    [1n, 3, 'BinarySI', '1k'],
    [1024n, 3, 'BinarySI', '1000Ki'],
    [1025n, 0, 'BinarySI', '1025'],
    [1023n, 0, 'BinarySI', '1023'],
    [10240n, -1, 'BinarySI', '1Ki'],
    [2n ** 70n, 0, 'BinarySI', '1024Ei'],
    [10485765n, -1, 'BinarySI', '1048576500m'],
    [108n, -2, 'DecimalSI', '1080m'],
    [10800n, -4, 'DecimalSI', '1080m'],
    [1n, 21, 'DecimalSI', '1000E'],
    [1n, 21, 'DecimalExponent', '1e21'],
    [80n, -3, 'DecimalExponent', '80e-3'],
    [1n, -12, 'DecimalSI', '1n'],
    [-1n, -12, 'DecimalSI', '-1n'],
    [1500n, -12, 'DecimalSI', '2n'],
    [5_000_000n, -12, 'DecimalSI', '5u'],
    [1n, -12, 'DecimalExponent', '1e-9'],
    [1n, -12, 'BinarySI', '1n'],
  ];
  for (const [mantissa, exponent, format, text] of made) {
    it(`of ${mantissa} × 10^${exponent} in ${format} is ${text}`, () => {
      expect(new Quantity(mantissa, exponent, format).toString()).toBe(text);
    });
  }

  it('is what JSON shows', () => {
    expect(JSON.stringify({ cpu: parse('1000m') })).toBe('{"cpu":"1"}');
  });
});

interface Sample {
  readonly text: string;
  /** The amount in thousandths of a nano. */
  readonly amount: bigint;
}

const SIZES: ReadonlyMap<string, bigint> = new Map([
  ['u', 10n ** 6n],
  ['m', 10n ** 9n],
  ['', 10n ** 12n],
  ['k', 10n ** 15n],
  ['M', 10n ** 18n],
  ['G', 10n ** 21n],
  ['E', 10n ** 30n],
  ['Ki', 2n ** 10n * 10n ** 12n],
  ['Mi', 2n ** 20n * 10n ** 12n],
  ['Gi', 2n ** 30n * 10n ** 12n],
  ['Ti', 2n ** 40n * 10n ** 12n],
  ['e2', 10n ** 14n],
  ['E7', 10n ** 19n],
  ['e-4', 10n ** 8n],
]);

/** Quantities of which nothing is rounded or capped, with their exact amounts. */
const sample: fc.Arbitrary<Sample> = fc
  .record({
    sign: fc.constantFrom('', '-', '+'),
    thousandths: fc.nat({ max: 9_999_999 }),
    suffix: fc.constantFrom(...SIZES.keys()),
  })
  .map(({ sign, thousandths, suffix }) => {
    const digits = String(thousandths).padStart(4, '0');
    const amount = (BigInt(thousandths) * (SIZES.get(suffix) ?? 0n)) / 1000n;
    return {
      text: `${sign}${digits.slice(0, -3)}.${digits.slice(-3)}${suffix}`,
      amount: sign === '-' ? -amount : amount,
    };
  });

const sign = (amount: bigint): number => Number(amount > 0n) - Number(amount < 0n);

describe('any quantity', () => {
  property('means what its text says', sample, ({ text, amount }) => {
    expect(parse(text).compare(new Quantity(amount, -12))).toBe(0);
  });

  property('is read back from its canonical text', sample, ({ text }) => {
    expect(parse(canonical(text)).compare(parse(text))).toBe(0);
  });

  property('has a canonical text that is its own canonical text', sample, ({ text }) => {
    expect(canonical(canonical(text))).toBe(canonical(text));
    expect(canonical(text)).not.toContain('.');
  });

  property('has one canonical text for an amount and a format', sample, fc.nat(6), (s, zeros) => {
    const quantity = parse(s.text);
    const longer = quantity.mantissa * 10n ** BigInt(zeros);
    const same = new Quantity(longer, quantity.exponent - zeros, quantity.format);
    expect(same.toString()).toBe(quantity.toString());
  });

  property('compares as the exact amounts do', sample, sample, (a, b) => {
    expect(parse(a.text).compare(parse(b.text))).toBe(sign(a.amount - b.amount));
  });

  property('adds as the exact amounts do, in either order', sample, sample, (a, b) => {
    const sum = new Quantity(a.amount + b.amount, -12);
    expect(parse(a.text).add(parse(b.text)).compare(sum)).toBe(0);
    expect(parse(b.text).add(parse(a.text)).compare(sum)).toBe(0);
  });

  property('comes back when something is added and taken away', sample, sample, (a, b) => {
    const there = parse(a.text).add(parse(b.text));
    expect(there.sub(parse(b.text)).compare(parse(a.text))).toBe(0);
  });

  property('rounds to the next whole unit away from zero', sample, ({ text, amount }) => {
    const unit = 10n ** 12n;
    const size = amount < 0n ? -amount : amount;
    const units = (size + unit - 1n) / unit;
    expect(parse(text).value()).toBe(amount < 0n ? -units : units);
  });
});
