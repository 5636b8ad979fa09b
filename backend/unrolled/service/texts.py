"""Every sentence of the service's problem documents, in both languages.

`PROBLEMS`: kind → status and, per language, (title, detail). `FAULTS`: code → per language,
(detail, hint), templates filled with the arguments of a `Fault`. `PYDANTIC`: pydantic's names of
errors → codes. The sentences about equations are in `unrolled.language`, those about runs in
`unrolled.engine`.
"""

from __future__ import annotations

from collections.abc import Mapping

Texts = Mapping[str, tuple[str, str]]

PROBLEMS: dict[str, tuple[int, Texts]] = {
    "not-json": (
        400,
        {
            "en": ("Not JSON", "The body is not a JSON document that can be read."),
            "zh": ("不是 JSON", "请求体不是可以读取的 JSON 文档。"),
        },
    ),
    "unknown-host": (
        400,
        {
            "en": (
                "Unknown host",
                "The service does not answer to this host name; the setting UNROLLED_HOSTS names those it does.",
            ),
            "zh": ("未知主机名", "服务不接受这个主机名；设置 UNROLLED_HOSTS 列出它接受的名字。"),
        },
    ),
    "weights-off": (
        403,
        {
            "en": (
                "Weights are off",
                "This service takes no weights: the setting UNROLLED_ALLOW_WEIGHTS is not true.",
            ),
            "zh": (
                "未开放权重上传",
                "这个服务不接受权重：设置 UNROLLED_ALLOW_WEIGHTS 不是 true。",
            ),
        },
    ),
    "not-found": (
        404,
        {
            "en": (
                "Not found",
                "There is nothing at this address; /docs lists those that there are.",
            ),
            "zh": ("没有找到", "这个地址上什么也没有；/docs 列出了所有地址。"),
        },
    ),
    "method-not-allowed": (
        405,
        {
            "en": (
                "Method not allowed",
                "This address does not know the method; the header `Allow` names those it does.",
            ),
            "zh": ("方法不允许", "这个地址不支持该方法；`Allow` 头列出了支持的方法。"),
        },
    ),
    "not-acceptable": (
        406,
        {
            "en": ("Not acceptable", "The answer does not come in a form that `Accept` allows."),
            "zh": ("无法接受", "没有 `Accept` 所允许形式的回答。"),
        },
    ),
    "too-large": (
        413,
        {
            "en": ("Too large", "The body is larger than the service reads."),
            "zh": ("内容过大", "请求体超过了服务读取的上限。"),
        },
    ),
    "unsupported-media-type": (
        415,
        {
            "en": ("Unsupported media type", "The body is not of a kind that this address reads."),
            "zh": ("不支持的媒体类型", "请求体不是这个地址能读取的类型。"),
        },
    ),
    "invalid-request": (
        422,
        {
            "en": ("Invalid request", "The request has fields that do not fit; see `errors`."),
            "zh": ("请求无效", "请求中有不符合要求的字段，见 `errors`。"),
        },
    ),
    "invalid-equations": (
        422,
        {
            "en": ("Invalid equations", "The equations cannot be read; see `errors`."),
            "zh": ("方程无效", "方程无法读取，见 `errors`。"),
        },
    ),
    "invalid-run": (
        422,
        {
            "en": ("Invalid run", "The recurrence cannot run on this; see `errors`."),
            "zh": ("无法运行", "递推不能在这样的输入上运行，见 `errors`。"),
        },
    ),
    "invalid-weights": (
        422,
        {
            "en": (
                "Invalid weights",
                "The file is not a safetensors file of weights that could be used; see `errors`.",
            ),
            "zh": ("权重无效", "这不是可以使用的 safetensors 权重文件，见 `errors`。"),
        },
    ),
    "unknown-weights": (
        422,
        {
            "en": ("Unknown weights", "The service does not have these weights; see `errors`."),
            "zh": ("未知的权重", "服务没有这份权重，见 `errors`。"),
        },
    ),
    "too-expensive": (
        422,
        {
            "en": ("Too expensive", "The run needs more than this service allows; see `errors`."),
            "zh": ("代价过高", "这次运行所需的超过了服务的限额，见 `errors`。"),
        },
    ),
    "busy": (
        503,
        {
            "en": (
                "Busy",
                "The service computes as many runs as it can; try again after the seconds in `Retry-After`.",
            ),
            "zh": (
                "服务繁忙",
                "服务正在进行的运行已达上限；请在 `Retry-After` 所示的秒数之后重试。",
            ),
        },
    ),
    "time-limit": (
        422,
        {
            "en": (
                "Time limit",
                "The run computed longer than this service allows; see `errors`.",
            ),
            "zh": ("超出时限", "这次运行的计算时间超过了服务的限额，见 `errors`。"),
        },
    ),
    "internal": (
        500,
        {
            "en": ("Internal error", "Something went wrong inside; it has been logged."),
            "zh": ("内部错误", "服务内部出错，已记录。"),
        },
    ),
    "not-ready": (
        503,
        {
            "en": ("Not ready", "This process takes no runs now; see `errors`."),
            "zh": ("尚未就绪", "这个进程现在不接受运行，见 `errors`。"),
        },
    ),
    "stopping": (
        503,
        {
            "en": (
                "Stopping",
                "The service is being stopped, and the run with it; ask again in a moment.",
            ),
            "zh": ("正在停止", "服务正在停止，这次运行也随之中止；请稍后再试。"),
        },
    ),
}

FAULTS: dict[str, Texts] = {
    "starting": {
        "en": ("The process is starting: torch is being imported.", "Ask again in a second."),
        "zh": ("进程正在启动：正在导入 torch。", "请一秒后再试。"),
    },
    "stopping": {
        "en": ("The process is being stopped.", "Ask another one, or ask again in a moment."),
        "zh": ("进程正在停止。", "请换一个进程，或稍后再试。"),
    },
    "seconds": {
        "en": (
            "The run had computed for {needed} s, and was not done.",
            "At most {limit} s are allowed: take fewer steps or smaller sizes, or run it on a "
            "service of your own, where UNROLLED_MAX_SECONDS sets the limit.",
        ),
        "zh": (
            "这次运行已计算 {needed} 秒，仍未完成。",
            "最多允许 {limit} 秒：请减少步数或尺寸，或在自己的服务上运行，"
            "用 UNROLLED_MAX_SECONDS 设置上限。",
        ),
    },
    "empty-body": {
        "en": ("The body is empty.", "Send a JSON object."),
        "zh": ("请求体是空的。", "请发送一个 JSON 对象。"),
    },
    "json-syntax": {
        "en": (
            "The JSON breaks off at line {line}, column {column}.",
            "Only RFC 8259 JSON is read: no NaN, no infinity, no comments, well-formed UTF-8, "
            "numbers that fit a double.",
        ),
        "zh": (
            "JSON 在第 {line} 行第 {column} 列无法继续读取。",
            "只读取符合 RFC 8259 的 JSON：没有 NaN、没有无穷大、没有注释，UTF-8 编码正确，"
            "数值在双精度范围内。",
        ),
    },
    "json-depth": {
        "en": ("The JSON is nested too deeply.", "Use at most {limit} levels of brackets."),
        "zh": ("JSON 嵌套过深。", "括号最多 {limit} 层。"),
    },
    "json-duplicate": {
        "en": ("An object has the same key twice.", "Give every key once."),
        "zh": ("同一个对象里有重复的键。", "每个键只写一次。"),
    },
    "weights-off": {
        "en": (
            "Nothing can be put here.",
            "Give numbers in the request, under `parameters.values`; or set "
            "UNROLLED_ALLOW_WEIGHTS=true on a service of your own.",
        ),
        "zh": (
            "这里不能上传。",
            "请把数值写在请求的 `parameters.values` 里；或在自己的服务上设置 UNROLLED_ALLOW_WEIGHTS=true。",
        ),
    },
    "not-a-digest": {
        "en": (
            "This is not a SHA-256.",
            "Write the 64 digits 0-9 a-f that `sha256sum` gives for the file.",
        ),
        "zh": ("这不是 SHA-256。", "请写 `sha256sum` 对该文件给出的 64 位 0-9 a-f 数字。"),
    },
    "unknown-weights": {
        "en": (
            "The service has no weights of this SHA-256, or no longer.",
            "Send the file with PUT /v1/weights/ and its SHA-256, then ask again.",
        ),
        "zh": (
            "服务没有这个 SHA-256 的权重，或者已经删去。",
            "请先用 PUT /v1/weights/ 加上文件的 SHA-256 上传，再重新请求。",
        ),
    },
    "weights-type": {
        "en": (
            "The body is not declared as safetensors.",
            "Send `Content-Type: application/vnd.safetensors` or `application/octet-stream`.",
        ),
        "zh": (
            "请求体没有声明为 safetensors。",
            "请发送 `Content-Type: application/vnd.safetensors` 或 `application/octet-stream`。",
        ),
    },
    "weights-encoding": {
        "en": ("The body is compressed.", "Send the file as it is, without `Content-Encoding`."),
        "zh": ("请求体是压缩过的。", "请原样发送文件，不带 `Content-Encoding`。"),
    },
    "weights-bytes": {
        "en": (
            "The file has more than {limit} bytes.",
            "Send only the tensors that are parameters, as F32 or smaller.",
        ),
        "zh": ("文件超过 {limit} 字节。", "请只发送作为参数的张量，用 F32 或更小的类型。"),
    },
    "weights-digest": {
        "en": (
            "The SHA-256 of the body is not that in the address.",
            "Take it from the very bytes that are sent, and send them whole.",
        ),
        "zh": (
            "请求体的 SHA-256 与地址中的不同。",
            "请对所发送的字节本身计算 SHA-256，并完整发送。",
        ),
    },
    "weights-start": {
        "en": (
            "The first 8 bytes give the header a length of {needed}; it has 2 to {limit} bytes.",
            "Write the file with `safetensors.torch.save_file`.",
        ),
        "zh": (
            "前 8 个字节给出的文件头长度是 {needed}；它应有 2 到 {limit} 字节。",
            "请用 `safetensors.torch.save_file` 写文件。",
        ),
    },
    "weights-length": {
        "en": (
            "By its beginning the file has at least {needed} bytes, but {found} came.",
            "Send the whole file, and nothing behind it.",
        ),
        "zh": (
            "按其开头，文件至少有 {needed} 字节，收到的却是 {found}。",
            "请发送整个文件，末尾不要多余的内容。",
        ),
    },
    "weights-more": {
        "en": (
            "By its header the file has {needed} bytes, but more came.",
            "Send the file, and nothing behind it.",
        ),
        "zh": (
            "按文件头，文件有 {needed} 字节，收到的却更多。",
            "请只发送文件，末尾不要多余的内容。",
        ),
    },
    "weights-json": {
        "en": (
            "The header is no JSON: it breaks off at line {line}, column {column}.",
            "Write the file with `safetensors.torch.save_file`; the header is one object in UTF-8.",
        ),
        "zh": (
            "文件头不是 JSON：在第 {line} 行第 {column} 列无法继续读取。",
            "请用 `safetensors.torch.save_file` 写文件；文件头是一个 UTF-8 的对象。",
        ),
    },
    "weights-depth": {
        "en": (
            "The header is nested too deeply.",
            "Give for each tensor `dtype`, `shape` and `data_offsets`, and nothing inside them.",
        ),
        "zh": (
            "文件头嵌套过深。",
            "请为每个张量给出 `dtype`、`shape` 和 `data_offsets`，其中不再嵌套。",
        ),
    },
    "weights-duplicate": {
        "en": ("The header has a key twice.", "Give every tensor once, under a name of its own."),
        "zh": ("文件头里有重复的键。", "每个张量只写一次，各有自己的名字。"),
    },
    "weights-header": {
        "en": (
            "The header is not an object that begins in its first byte.",
            "Write the file with `safetensors.torch.save_file`.",
        ),
        "zh": ("文件头不是从第一个字节开始的对象。", "请用 `safetensors.torch.save_file` 写文件。"),
    },
    "weights-metadata": {
        "en": (
            "`__metadata__` holds something else than texts.",
            "Give an object of texts, or leave it out.",
        ),
        "zh": ("`__metadata__` 中有文本以外的内容。", "请给出由文本组成的对象，或者省略。"),
    },
    "weights-count": {
        "en": (
            "The file has more than {limit} tensors.",
            "Send only those that are parameters of the text.",
        ),
        "zh": ("文件中的张量多于 {limit} 个。", "请只发送文本中的参数。"),
    },
    "weights-name": {
        "en": (
            "Tensor {place} has a name that no text can have.",
            "Name it as the parameter in the text: letters, digits and `_`, at most {limit}.",
        ),
        "zh": (
            "张量 {place} 的名字不可能出现在文本里。",
            "请与文本中的参数同名：字母、数字和 `_`，最多 {limit} 个字符。",
        ),
    },
    "weights-fields": {
        "en": (
            "Tensor {place} does not have just the fields `dtype`, `shape` and `data_offsets`.",
            "Write the file with `safetensors.torch.save_file`.",
        ),
        "zh": (
            "张量 {place} 的字段不恰好是 `dtype`、`shape` 和 `data_offsets`。",
            "请用 `safetensors.torch.save_file` 写文件。",
        ),
    },
    "weights-dtype": {
        "en": (
            "The `dtype` of tensor {place} is not one of F64, F32, F16, BF16.",
            "Convert it first: `tensor.float()`.",
        ),
        "zh": (
            "张量 {place} 的 `dtype` 不是 F64、F32、F16、BF16 之一。",
            "请先转换：`tensor.float()`。",
        ),
    },
    "weights-shape": {
        "en": (
            "The `shape` of tensor {place} is not a list of at most {limit} whole numbers from 1 on.",
            "Leave empty tensors out; a single number has the shape [].",
        ),
        "zh": (
            "张量 {place} 的 `shape` 不是至多 {limit} 个从 1 起的整数。",
            "请省略空张量；单个数的形状是 []。",
        ),
    },
    "weights-offsets": {
        "en": (
            "The `data_offsets` of tensor {place} are not two whole numbers, the first no larger than "
            "the second.",
            "Give where its bytes begin and where they end, counted from the end of the header.",
        ),
        "zh": (
            "张量 {place} 的 `data_offsets` 不是两个整数，且前者不大于后者。",
            "请给出其字节的起点和终点，从文件头末尾数起。",
        ),
    },
    "weights-size": {
        "en": (
            "The `shape` and `dtype` of tensor {place} do not take as many bytes as its "
            "`data_offsets` span.",
            "Make them agree: the product of the shape, times 8, 4 or 2 bytes.",
        ),
        "zh": (
            "张量 {place} 的 `shape` 和 `dtype` 所需字节数与 `data_offsets` 不符。",
            "请使其一致：形状各数之积乘以 8、4 或 2 字节。",
        ),
    },
    "weights-gap": {
        "en": (
            "The bytes of tensor {place} do not begin where those before it end.",
            "Put the tensors one behind the other, from 0, without overlap and without holes.",
        ),
        "zh": (
            "张量 {place} 的字节没有紧接着前一个张量的末尾开始。",
            "请从 0 起依次存放张量，不重叠，不留空隙。",
        ),
    },
    "weights-finite": {
        "en": (
            "Tensor {place} holds NaN or infinity.",
            "Take weights from before the training diverged: `tensor.isfinite().all()` must hold.",
        ),
        "zh": (
            "张量 {place} 含有 NaN 或无穷大。",
            "请使用训练发散之前的权重：`tensor.isfinite().all()` 必须成立。",
        ),
    },
    "weights-library": {
        "en": (
            "The library `safetensors` cannot open the file.",
            "Write it with `safetensors.torch.save_file`.",
        ),
        "zh": ("`safetensors` 库无法打开这个文件。", "请用 `safetensors.torch.save_file` 写文件。"),
    },
    "weights-unknown-name": {
        "en": (
            "The weights hold `{name}`, which is no parameter of the text.",
            "Parameters of this text: {names}.",
        ),
        "zh": ("权重中的 `{name}` 不是文本的参数。", "本文本的参数：{names}。"),
    },
    "weights-other-shape": {
        "en": (
            "`{name}` has the shape {wanted}, but {found} in the weights.",
            "Give the sizes that the weights were made with, under `sizes`.",
        ),
        "zh": (
            "`{name}` 的形状是 {wanted}，权重中却是 {found}。",
            "请在 `sizes` 中给出这份权重所用的大小。",
        ),
    },
    "weights-range": {
        "en": (
            "`{name}` in the weights holds numbers that are too large for float32.",
            'Run with `"dtype": "float64"`.',
        ),
        "zh": ("权重中的 `{name}` 有超出 float32 范围的数。", '请用 `"dtype": "float64"` 运行。'),
    },
    "no-token": {
        "en": (
            "This is not the token of a run.",
            "Take `run` from an answer of POST /v1/runs, or write base64url of a request's JSON, "
            "at most {limit} characters.",
        ),
        "zh": (
            "这不是一次运行的标识。",
            "请使用 POST /v1/runs 回答中的 `run`，或者请求 JSON 的 base64url，最多 {limit} 个字符。",
        ),
    },
    "no-tensor": {
        "en": (
            "The run has nothing of this name.",
            "Take a name from `outputs` of the whole run: `h`, `h[0]`, `f/3`, `grad/W`.",
        ),
        "zh": (
            "这次运行中没有叫这个名字的量。",
            "请使用整个运行的 `outputs` 里的名字：`h`、`h[0]`、`f/3`、`grad/W`。",
        ),
    },
    "no-gradient": {
        "en": (
            "The run of this token asks for no gradient.",
            'Make the token from a request with `"gradient": {{"of": "loss"}}`.',
        ),
        "zh": (
            "这个标识的运行没有要求梯度。",
            '请用带有 `"gradient": {{"of": "loss"}}` 的请求生成标识。',
        ),
    },
    "slice-steps-form": {
        "en": (
            "These are no steps.",
            "Write `7`, `3:9`, `3:`, `:9` or `1:50:2`: first and last step, both included and counted "
            "from 1, and every how many; one such range for each domain, with commas.",
        ),
        "zh": (
            "这不是步的范围。",
            "请写 `7`、`3:9`、`3:`、`:9` 或 `1:50:2`：首步与末步（都包含，从 1 数起）以及间隔；"
            "每个域一个范围，用逗号分开。",
        ),
    },
    "slice-units-form": {
        "en": ("These are no units.", "Write their numbers, counted from 0, with commas: `3,7`."),
        "zh": ("这不是单元的编号。", "请写从 0 数起的编号，用逗号分开：`3,7`。"),
    },
    "slice-range": {
        "en": ("The first step lies past the end.", "There are {limit} steps."),
        "zh": ("第一步超出了末尾。", "一共有 {limit} 步。"),
    },
    "slice-units": {
        "en": ("A unit is not there.", "Units go from 0 to {limit}."),
        "zh": ("有的单元不存在。", "单元编号从 0 到 {limit}。"),
    },
    "slice-domains": {
        "en": (
            "There are more ranges of steps than domains.",
            "Domains of this variable: {limit}.",
        ),
        "zh": ("步的范围多于域的个数。", "这个变量的域数：{limit}。"),
    },
    "slice-scalar": {
        "en": ("The variable has no units to choose from.", "Leave `units` out."),
        "zh": ("这个变量没有可选的单元。", "请去掉 `units`。"),
    },
    "no-arrow": {
        "en": (
            "This service has not installed what Apache Arrow needs.",
            "Take `npz` or `safetensors`; whoever runs the service can `pip install unrolled[arrow]`.",
        ),
        "zh": (
            "这个服务没有安装 Apache Arrow 所需的库。",
            "请用 `npz` 或 `safetensors`；服务的管理者可以运行 `pip install unrolled[arrow]`。",
        ),
    },
    "unknown-parameter": {
        "en": (
            "The address has a query parameter that is not known here.",
            "{nearest}Known are {names}.",
        ),
        "zh": ("地址中有一个这里不认识的查询参数。", "{nearest}可用的有 {names}。"),
    },
    "body-size": {
        "en": ("The body has more than {limit} bytes.", "Send a shorter text or fewer numbers."),
        "zh": ("请求体超过 {limit} 字节。", "请发送较短的文本或较少的数值。"),
    },
    "content-type": {
        "en": ("The body is not declared as JSON.", "Send `Content-Type: application/json`."),
        "zh": ("请求体没有声明为 JSON。", "请发送 `Content-Type: application/json`。"),
    },
    "accept": {
        "en": ("The answer is `{offered}`.", "Allow it in `Accept`, or leave `Accept` out."),
        "zh": ("回答的类型是 `{offered}`。", "请在 `Accept` 中允许它，或者不写 `Accept`。"),
    },
    "unknown-architecture": {
        "en": (
            "The catalogue has no architecture of this name.",
            "Take an `id` from GET /v1/architectures{nearest}.",
        ),
        "zh": (
            "目录中没有这个名字的架构。",
            "请从 GET /v1/architectures 取一个 `id`{nearest}。",
        ),
    },
    "unknown-domain": {
        "en": ("The text has no domain of this name.", "Use the name that stands after `in`."),
        "zh": ("文本中没有这个名字的域。", "请使用 `in` 之后的名字。"),
    },
    "unknown-tree": {
        "en": (
            "The text has no tree of this name.",
            "Use the name that stands after `in` of a loop over a tree.",
        ),
        "zh": ("文本中没有这个名字的树。", "请使用树的循环中 `in` 之后的名字。"),
    },
    "tree-structure": {
        "en": (
            "Up to this node this is no tree.",
            "Write null for every leaf, then for every inner node, by height, the numbers of its two children, "
            "from 1; the root is last, and every other node is a child once.",
        ),
        "zh": (
            "到这个结点为止，这不是一棵树。",
            "请先为每片叶写 null，再按高度为每个内部结点写它两个子结点的编号（从 1 起）；根在最后，其余结点各作一次子结点。",
        ),
    },
    "unknown-variable": {
        "en": (
            "The text has no variable of this name with an equation.",
            "Use the name on the left side of an equation.",
        ),
        "zh": ("文本中没有这个名字且有方程的变量。", "请使用方程左边的名字。"),
    },
    "missing": {
        "en": ("This field is missing.", "Add it; see /docs for the form of the request."),
        "zh": ("缺少这个字段。", "请补上；请求的格式见 /docs。"),
    },
    "unknown-field": {
        "en": (
            "There is no field of this name.",
            "{nearest}Remove it, or correct its spelling; see /docs for the form of the request.",
        ),
        "zh": ("没有这个名字的字段。", "{nearest}请删去，或更正拼写；请求的格式见 /docs。"),
    },
    "not-an-object": {
        "en": ("This has to be an object.", 'Write it in braces: {{"name": value}}.'),
        "zh": ("这里必须是对象。", '请写在花括号里：{{"name": value}}。'),
    },
    "not-a-list": {
        "en": ("This has to be a list.", "Write it in square brackets: [1, 2, 3]."),
        "zh": ("这里必须是列表。", "请写在方括号里：[1, 2, 3]。"),
    },
    "not-text": {
        "en": ("This has to be text.", 'Write it in quotation marks: "text".'),
        "zh": ("这里必须是文本。", '请写在引号里："text"。'),
    },
    "not-an-integer": {
        "en": ("This has to be a whole number.", "Write it without a point and without quotes."),
        "zh": ("这里必须是整数。", "请不带小数点、不带引号书写。"),
    },
    "not-a-number": {
        "en": (
            "This has to be a number.",
            "Write finite numbers, without quotes; null, true and false are not numbers.",
        ),
        "zh": ("这里必须是数。", "请写有限的数，不带引号；null、true、false 不是数。"),
    },
    "ragged": {
        "en": ("This row is not as long as those before it.", "Give all rows the same length."),
        "zh": ("这一行与前面的行长度不同。", "请让所有的行一样长。"),
    },
    "too-deep": {
        "en": ("These lists are nested too deeply.", "A value has at most eight axes."),
        "zh": ("列表嵌套过深。", "一个值最多有八个轴。"),
    },
    "too-small": {
        "en": ("This number is too small.", "The smallest that is allowed is {limit}."),
        "zh": ("这个数太小。", "允许的最小值是 {limit}。"),
    },
    "too-big": {
        "en": ("This number is too large.", "The largest that is allowed is {limit}."),
        "zh": ("这个数太大。", "允许的最大值是 {limit}。"),
    },
    "too-short": {
        "en": ("This is too short.", "It needs at least {limit}."),
        "zh": ("这里太短。", "至少需要 {limit}。"),
    },
    "too-long": {
        "en": ("This is too long.", "At most {limit} are allowed."),
        "zh": ("这里太长。", "最多允许 {limit}。"),
    },
    "not-a-choice": {
        "en": ("This is none of the choices.", "Write {expected}."),
        "zh": ("这不是可选的值。", "请写 {expected}。"),
    },
    "input-form": {
        "en": (
            "This is no form of an input.",
            'Write rows of numbers, integers, {{"text": "…"}}, {{"next": "x"}} '
            'or {{"generate": "sine"}}.',
        ),
        "zh": (
            "这不是输入的任何一种写法。",
            '请写若干行数、整数、{{"text": "…"}}、{{"next": "x"}} 或 {{"generate": "sine"}}。',
        ),
    },
    "text-form": {
        "en": (
            "A text does not stand alone here.",
            'Write {{"text": "…"}}; with {{"text": "…", "alphabet": "…"}} it brings characters of its own.',
        ),
        "zh": (
            "文本不能单独写在这里。",
            '请写 {{"text": "…"}}；{{"text": "…", "alphabet": "…"}} 自带字符表。',
        ),
    },
    "one-source": {
        "en": (
            "A run needs either `architecture` or `equations`, not both and not neither.",
            "Keep one of the two.",
        ),
        "zh": (
            "运行需要 `architecture` 或 `equations` 二者之一，不能都有或都没有。",
            "请只保留其一。",
        ),
    },
    "invalid": {
        "en": ("This value does not fit.", "See /docs for the form of the request."),
        "zh": ("这个值不符合要求。", "请求的格式见 /docs。"),
    },
    "path-end": {
        "en": (
            "This is not a node of the unfolded graph.",
            "Name a variable and a step for each of its indices, on a tree the number of a node from 1: {names}.",
        ),
        "zh": (
            "这不是展开图中的结点。",
            "请给出变量以及它每个下标的步（在树上是从 1 起的结点编号）：{names}。",
        ),
    },
    "path-search": {
        "en": (
            "Between these nodes lie more than {limit} others.",
            "Choose two that are nearer, or shorter `lengths`.",
        ),
        "zh": ("这两个结点之间有超过 {limit} 个结点。", "请选择更近的两个，或减小 `lengths`。"),
    },
    "equations-length": {
        "en": (
            "The equations have {needed} characters; {limit} are allowed.",
            "Shorten the text, or run the service yourself with a higher limit.",
        ),
        "zh": (
            "方程有 {needed} 个字符；最多允许 {limit} 个。",
            "请缩短文本，或自行以更高的限额运行服务。",
        ),
    },
    "parameters": {
        "en": (
            "The parameters hold {needed} numbers; {limit} are allowed.",
            "Make the vectors smaller, or run the service yourself with a higher limit.",
        ),
        "zh": (
            "参数共有 {needed} 个数；最多允许 {limit} 个。",
            "请减小向量，或自行以更高的限额运行服务。",
        ),
    },
    "steps": {
        "en": (
            "The run has {needed} steps; {limit} are allowed.",
            "Shorten the text or the sequence, or run the service yourself with a higher limit.",
        ),
        "zh": (
            "运行有 {needed} 步；最多允许 {limit} 步。",
            "请缩短文本或序列，或自行以更高的限额运行服务。",
        ),
    },
    "operations": {
        "en": (
            "The run needs {needed} floating-point operations; {limit} are allowed.",
            "Make the vectors smaller or the sequence shorter.",
        ),
        "zh": ("运行需要 {needed} 次浮点运算；最多允许 {limit} 次。", "请减小向量或缩短序列。"),
    },
    "bytes": {
        "en": (
            "The values of the run take {needed} bytes; {limit} are allowed.",
            "Ask for fewer `variables`, smaller vectors or a shorter sequence.",
        ),
        "zh": (
            "运行的数值需要 {needed} 字节；最多允许 {limit} 字节。",
            "请减少 `variables`、减小向量或缩短序列。",
        ),
    },
}

PYDANTIC: dict[str, str] = {
    "missing": "missing",
    "extra_forbidden": "unknown-field",
    "model_type": "not-an-object",
    "model_attributes_type": "not-an-object",
    "dict_type": "not-an-object",
    "list_type": "not-a-list",
    "string_type": "not-text",
    "int_type": "not-an-integer",
    "int_parsing": "not-an-integer",
    "int_from_float": "not-an-integer",
    "float_type": "not-a-number",
    "float_parsing": "not-a-number",
    "finite_number": "not-a-number",
    "greater_than": "too-small",
    "greater_than_equal": "too-small",
    "less_than": "too-big",
    "less_than_equal": "too-big",
    "int_parsing_size": "too-big",
    "string_too_short": "too-short",
    "too_short": "too-short",
    "string_too_long": "too-long",
    "too_long": "too-long",
    "literal_error": "not-a-choice",
    "input_form": "input-form",
    "one_source": "one-source",
}
