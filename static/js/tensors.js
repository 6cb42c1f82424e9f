// Reads one array of numbers out of safetensors bytes.
const half = (bits) => {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return exponent === 31 ? NaN : sign * 2 ** (exponent - 15) * (1 + fraction / 1024);
};
const readers = {
  F16: (view, at) => half(view.getUint16(at, true)),
  F32: (view, at) => view.getFloat32(at, true),
  F64: (view, at) => view.getFloat64(at, true),
};
const widths = { F16: 2, F32: 4, F64: 8 };

export function tensor(buffer) {
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const { dtype, shape, data_offsets: [start, end] } = Object.entries(header).find(([name]) => name !== '__metadata__')[1];
  const view = new DataView(buffer, 8 + length + start, end - start);
  const values = Float64Array.from({ length: (end - start) / widths[dtype] }, (_, k) => readers[dtype](view, k * widths[dtype]));
  return { shape, values };
}
