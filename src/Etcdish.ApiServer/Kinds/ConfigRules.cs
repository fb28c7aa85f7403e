using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Etcdish.ApiServer.Registry;
using Etcdish.Kubernetes;

namespace Etcdish.ApiServer.Kinds;

/// <summary>ConfigMaps and Secrets.</summary>
internal static class ConfigRules
{
    private const int MaxBytes = 1024 * 1024;
    private const string Frozen = "field is immutable when `immutable` is set";
    private const string AccountName = "kubernetes.io/service-account.name";

    public static void CheckConfigMap(CheckedField map, CheckedField stored)
    {
        if (stored["immutable"].IsTrue)
        {
            CheckFrozen(map, stored, ["data", "binaryData"]);
        }

        var size = 0;
        var other = map["binaryData"];
        foreach (var (key, value) in map["data"].Entries)
        {
            CheckKey(value, key);
            if (other[key].IsSet)
            {
                value.Invalid("duplicate of key present in binaryData", key);
            }

            size += Encoding.UTF8.GetByteCount(value.Text);
        }

        foreach (var (key, value) in other.Entries)
        {
            CheckKey(value, key);
            size += DecodedLength(value.Text);
        }

        if (size > MaxBytes)
        {
            map.TooLong(MaxBytes);
        }
    }

    /// <summary>Text that clients gave as <c>stringData</c> becomes bytes; the field itself is never shown again.</summary>
    public static void DefaultSecret(JsonObject secret)
    {
        if (secret.Part("stringData") is { } texts)
        {
            var data = secret.Ensure("data");
            foreach (var (key, text) in texts)
            {
                data[key] = Convert.ToBase64String(
                    Encoding.UTF8.GetBytes(text is JsonValue value && value.TryGetValue<string>(out var t) ? t : ""));
            }
        }

        secret.Remove("stringData");
        secret.DefaultIfZero("type", "Opaque");
    }

    public static void CheckSecret(CheckedField secret, CheckedField stored)
    {
        if (stored.IsSet)
        {
            secret["type"].Unchanged(stored["type"]);
            if (stored["immutable"].IsTrue)
            {
                CheckFrozen(secret, stored, ["data"]);
            }
        }

        var data = secret["data"];
        var size = 0;
        foreach (var (key, value) in data.Entries)
        {
            CheckKey(value, key);
            size += DecodedLength(value.Text);
        }

        if (size > MaxBytes)
        {
            data.TooLong(MaxBytes);
        }

        CheckType(secret, data);
    }

    private static void CheckType(CheckedField secret, CheckedField data)
    {
        switch (secret["type"].Text)
        {
            case "kubernetes.io/service-account-token":
                secret["metadata"]["annotations"].Key(AccountName).RequireText();
                break;
            case "kubernetes.io/dockercfg":
                CheckJson(data.Key(".dockercfg"));
                break;
            case "kubernetes.io/dockerconfigjson":
                CheckJson(data.Key(".dockerconfigjson"));
                break;
            case "kubernetes.io/basic-auth":
                if (!data["username"].IsSet && !data["password"].IsSet)
                {
                    data.Key("username").Required();
                    data.Key("password").Required();
                }

                break;
            case "kubernetes.io/ssh-auth":
                data.Key("ssh-privatekey").RequireText();
                break;
            case "kubernetes.io/tls":
                foreach (var key in (ReadOnlySpan<string>)["tls.crt", "tls.key"])
                {
                    if (!data[key].IsSet)
                    {
                        data.Key(key).Required();
                    }
                }

                break;
        }
    }

    private static void CheckJson(CheckedField content)
    {
        if (!content.IsSet)
        {
            content.Required();
            return;
        }

        var bytes = new byte[content.Text.Length];
        var isJson = Convert.TryFromBase64String(content.Text, bytes, out var length);
        if (isJson)
        {
            try
            {
                using var document = JsonDocument.Parse(bytes.AsMemory(0, length));
                isJson = document.RootElement.ValueKind == JsonValueKind.Object;
            }
            catch (JsonException)
            {
                isJson = false;
            }
        }

        if (!isJson)
        {
            content.Invalid(
                length == 0 ? "unexpected end of JSON input" : "invalid character in JSON object", "<secret contents redacted>");
        }
    }

    private static void CheckFrozen(CheckedField value, CheckedField stored, ReadOnlySpan<string> fields)
    {
        if (!value["immutable"].IsTrue)
        {
            value["immutable"].Forbidden(Frozen);
        }

        foreach (var field in fields)
        {
            if (!JsonNode.DeepEquals(value[field].Value, stored[field].Value))
            {
                value[field].Forbidden(Frozen);
            }
        }
    }

    private static void CheckKey(CheckedField entry, string key)
    {
        var problems = NameRules.ConfigMapKey(key);
        for (var i = 0; i < problems.Count; i++)
        {
            entry.Invalid(problems[i], key);
        }
    }

    private static int DecodedLength(string base64)
    {
        var padding = base64.EndsWith("==", StringComparison.Ordinal) ? 2 : base64.EndsWith('=') ? 1 : 0;
        return Math.Max(0, Base64.GetMaxDecodedFromUtf8Length(base64.Length) - padding);
    }
}
