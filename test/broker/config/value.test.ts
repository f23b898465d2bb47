import { expect, test } from 'vitest'
import { canonicalText, longMax, parseValue, printValue } from '../../../src/broker/config/value.ts'

test('doubles are printed as Java prints them', () => {
  const texts = [
    '0.5',
    '1',
    '-2.50',
    '0',
    '1e7',
    '9999999',
    '0.001',
    '0.0001',
    '123456789',
    '1.7976931348623157E308',
    '2147483647',
  ]
  expect(texts.map((text) => canonicalText('x', 'DOUBLE', text))).toEqual([
    '0.5',
    '1.0',
    '-2.5',
    '0.0',
    '1.0E7',
    '9999999.0',
    '0.001',
    '1.0E-4',
    '1.23456789E8',
    '1.7976931348623157E308',
    '2.147483647E9',
  ])
})

test('a LONG keeps every digit in its text and is near enough as a number', () => {
  expect(canonicalText('x', 'LONG', ' +09007199254740993 ')).toBe('9007199254740993')
  expect(parseValue('x', 'LONG', '9223372036854775807')).toBe(longMax)
  expect(printValue('LONG', longMax)).toBe('9223372036854775807')
  expect(printValue('LONG', -(2 ** 63))).toBe('-9223372036854775808')
  expect(() => parseValue('x', 'LONG', '9223372036854775808')).toThrow(
    'Invalid value 9223372036854775808 for configuration x: Not a number of type LONG',
  )
})

test('lists are split at commas with blanks around them', () => {
  expect([
    parseValue('x', 'LIST', ' a , b,c '),
    parseValue('x', 'LIST', ' '),
    canonicalText('x', 'LIST', ' a , b '),
  ]).toEqual([['a', 'b', 'c'], [], 'a,b'])
})

test('a boolean is true or false in any case', () => {
  expect([parseValue('x', 'BOOLEAN', ' TRUE '), parseValue('x', 'BOOLEAN', 'False')]).toEqual([
    true,
    false,
  ])
  expect(() => parseValue('x', 'BOOLEAN', 'yes')).toThrow(
    'Invalid value yes for configuration x: Expected value to be either true or false',
  )
})
