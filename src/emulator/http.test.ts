import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRequest, renderResponse } from './http.ts'

const parse = (text: string) => parseRequest(Buffer.from(text), 51200)

test('a body is what Content-Length says, and what comes after is the next request', () => {
  const parsed = parse('PUT /a HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}GET / HTTP/1.1\r\n\r\n')
  assert.ok(parsed.kind === 'request')
  assert.deepEqual(parsed.request, { method: 'PUT', path: '/a', body: '{}' })
  assert.equal(parsed.length, 'PUT /a HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}'.length)
})

test('chunked bodies are not bodies', () => {
  const parsed = parse('PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n')
  assert.ok(parsed.kind === 'request' && parsed.request.body === null)
})

test('half a request waits for the rest', () => {
  assert.equal(parse('PUT /a HTTP/1.1\r\nContent-Le').kind, 'more')
  assert.equal(parse('PUT /a HTTP/1.1\r\nContent-Length: 5\r\n\r\n{}').kind, 'more')
  assert.equal(parse('PUT /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n').kind, 'continue')
})

test('other methods, versions and long bodies are refused with the key "error"', () => {
  for (const text of [
    'POST / HTTP/1.1\r\n\r\n',
    'GET / HTTP/2\r\n\r\n',
    'PUT / HTTP/1.1\r\nContent-Length: 51201\r\n\r\n',
  ]) {
    const parsed = parse(text)
    assert.ok(parsed.kind === 'refused')
    assert.match(parsed.response.body!, /^\{ "error": /)
  }
})

test('204 has no length, and no status has a reason', () => {
  assert.equal(
    renderResponse({ status: 204, body: null }),
    'HTTP/1.1 204 \r\nServer: Firecracker API\r\nConnection: keep-alive\r\n\r\n',
  )
  assert.match(renderResponse({ status: 200, body: '"é"' }), /Content-Length: 4\r\n\r\n"é"$/)
})
