namespace Etcdish.ApiServer.Kinds;

/// <summary>Leases, events and requests for certificates: what components tell each other.</summary>
internal static class CoordinationRules
{
    private const int MaxNote = 1024;
    private const int MaxReason = 128;
    private const int LeastCertificateSeconds = 600;

    private static readonly string[] _usages =
    [
        "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only",
        "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement",
        "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping",
    ];

    public static void CheckLease(CheckedField lease, CheckedField stored)
    {
        var spec = lease["spec"];
        if (spec["leaseDurationSeconds"].Number <= 0)
        {
            spec["leaseDurationSeconds"].Invalid("must be greater than 0");
        }

        spec["leaseTransitions"].NonNegative();
        if (spec["preferredHolder"].HasText && !spec["strategy"].HasText)
        {
            spec["preferredHolder"].Forbidden("may only be specified if `strategy` is defined");
        }
    }

    public static void CheckEvent(CheckedField item, CheckedField stored)
    {
        var about = item["involvedObject"];
        var scope = item["metadata"]["namespace"].Text;
        if (about["namespace"].HasText ? about["namespace"].Text != scope : scope is not ("default" or "kube-system"))
        {
            about["namespace"].Invalid("does not match event.namespace", about["namespace"].Text);
        }
    }

    /// <summary>An event of the newer group.</summary>
    public static void CheckNewEvent(CheckedField item, CheckedField stored)
    {
        if (stored.IsSet)
        {
            return;
        }

        if (!item["eventTime"].IsSet)
        {
            item["eventTime"].Required();
        }

        if (item["type"].Text is not ("Normal" or "Warning"))
        {
            item["type"].Invalid("has invalid value: " + item["type"].Text, "");
        }

        if (item["reportingController"].RequireText())
        {
            item["reportingController"].Check(Etcdish.Kubernetes.NameRules.QualifiedName);
        }

        item["reportingInstance"].RequireText();
        item["action"].RequireText();
        item["reason"].RequireText();
        if (item["reason"].Text.Length > MaxReason)
        {
            item["reason"].Invalid($"can have at most {MaxReason} characters", "");
        }

        if (item["note"].Text.Length > MaxNote)
        {
            item.Child("message", item["note"].Value).Invalid($"can have at most {MaxNote} characters", "");
        }
    }

    public static void CheckCertificateRequest(CheckedField request, CheckedField stored)
    {
        var spec = request["spec"];
        if (stored.IsSet)
        {
            spec.Unchanged(stored["spec"]);
            return;
        }

        if (!spec["request"].HasText || !IsRequest(spec["request"].Text))
        {
            spec["request"].Invalid("PEM block type must be CERTIFICATE REQUEST", spec["request"].Text);
        }

        if (spec["usages"].Count == 0)
        {
            spec["usages"].Required("usages must be specified");
        }

        foreach (var usage in spec["usages"].Items)
        {
            usage.OneOf(_usages);
        }

        if (spec["signerName"].RequireText())
        {
            spec["signerName"].DomainPath();
        }

        if (spec["expirationSeconds"].Number < LeastCertificateSeconds)
        {
            spec["expirationSeconds"].Invalid("may not specify a duration less than 600 seconds (10 minutes)");
        }
    }

    private static bool IsRequest(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length)
            && bytes.AsSpan(0, length).IndexOf("-----BEGIN CERTIFICATE REQUEST-----"u8) >= 0;
    }
}
