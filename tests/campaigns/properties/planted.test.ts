import fc from 'fast-check';

it('holds in nearly every case', () =>
  fc.assert(fc.property(fc.array(fc.nat(9), { minLength: 3, maxLength: 3 }), (digits) => digits.join('') !== '407')));
