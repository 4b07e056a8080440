//! Perceptrons as ONNX files, which other programs evaluate.
//!
//! Written by hand: an ONNX file is a protobuf message of a few kinds (onnx.proto3, IR version 8, operators version 17). The
//! graph takes `x` `[batch x inputs]` to `y` `[batch x outputs]` by Gemm, Relu and PRelu; inputs and outputs are standardised.

use super::mlp::Mlp;

/// Appends fields of a protobuf message.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// An integer field.
    fn integer(mut self, field: u64, value: u64) -> Self {
        self.varint(field << 3);
        self.varint(value);
        self
    }

    /// A field of bytes, a string or a message.
    fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    fn message(self, field: u64, message: Message) -> Self {
        self.bytes(field, &message.0)
    }
}

/// Single precision, as ONNX numbers types.
const FLOAT: u64 = 1;
/// Type of an attribute that is an integer.
const INTEGER: u64 = 2;

/// TensorProto: dims = 1, data_type = 2, name = 8, raw_data = 9.
fn tensor(name: &str, shape: &[usize], values: impl Iterator<Item = f32>) -> Message {
    let message = shape.iter().fold(Message::default(), |m, &d| m.integer(1, d as u64));
    let raw: Vec<u8> = values.flat_map(f32::to_le_bytes).collect();
    message.integer(2, FLOAT).text(8, name).bytes(9, &raw)
}

/// NodeProto: input = 1, output = 2, op_type = 4, attribute = 5.
fn node(kind: &str, inputs: &[&str], output: &str, transposes: bool) -> Message {
    let message = inputs.iter().fold(Message::default(), |m, name| m.text(1, name)).text(2, output).text(4, kind);
    // AttributeProto: name = 1, i = 3, type = 20.
    if transposes {
        message.message(5, Message::default().text(1, "transB").integer(3, 1).integer(20, INTEGER))
    } else {
        message
    }
}

/// ValueInfoProto of `[batch x width]`: name = 1, type = 2.
fn value(name: &str, width: usize) -> Message {
    let batch = Message::default().text(2, "batch");
    let columns = Message::default().integer(1, width as u64);
    let shape = Message::default().message(1, batch).message(1, columns);
    let kind = Message::default().message(1, Message::default().integer(1, FLOAT).message(2, shape));
    Message::default().text(1, name).message(2, kind)
}

impl Mlp {
    /// The network as an ONNX file.
    pub fn to_onnx(&self) -> Vec<u8> {
        let mut graph = Message::default();
        let mut initializers = Vec::new();
        let mut from = "x".to_owned();
        for (number, layer) in self.layers.iter().enumerate() {
            let is_last = number + 1 == self.layers.len();
            let (weight, bias) = (format!("{number}.weight"), format!("{number}.bias"));
            let rows = layer.weights.chunks_exact(layer.stride).flat_map(|row| &row[..layer.inputs]).copied();
            initializers.push(tensor(&weight, &[layer.outputs, layer.inputs], rows));
            initializers.push(tensor(&bias, &[layer.outputs], layer.bias.iter().copied()));
            let sum = if is_last { "y".to_owned() } else { format!("{number}.sum") };
            graph = graph.message(1, node("Gemm", &[&from, &weight, &bias], &sum, true));
            if is_last {
                break;
            }
            let out = format!("{number}.value");
            graph = if layer.slopes.is_empty() {
                graph.message(1, node("Relu", &[&sum], &out, false))
            } else {
                let slope = format!("{number}.slope");
                initializers.push(tensor(&slope, &[layer.outputs], layer.slopes.iter().copied()));
                graph.message(1, node("PRelu", &[&sum, &slope], &out, false))
            };
            from = out;
        }
        // GraphProto: node = 1, name = 2, initializer = 5, input = 11, output = 12.
        graph = graph.text(2, "subnet");
        graph = initializers.into_iter().fold(graph, |g, tensor| g.message(5, tensor));
        graph = graph.message(11, value("x", self.inputs())).message(12, value("y", self.outputs()));
        // ModelProto: ir_version = 1, producer_name = 2, graph = 7, opset_import = 8.
        let operators = Message::default().text(1, "").integer(2, 17);
        Message::default().integer(1, 8).text(2, "kurtz").message(7, graph).message(8, operators).0
    }
}
