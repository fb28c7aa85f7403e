using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Etcdish.Controllers.Accounts;

/// <summary>What a request of PKCS #10 asks for.</summary>
internal sealed class AskedCertificate
{
    private const string CommonNameId = "2.5.4.3";
    private const string OrganisationId = "2.5.4.10";
    private const string AlternativeNamesId = "2.5.29.17";

    private AskedCertificate(CertificateRequest request)
    {
        Request = request;
        foreach (var name in request.SubjectName.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (name.HasMultipleElements)
            {
                continue;
            }

            var type = name.GetSingleElementType().Value;
            CommonName = type == CommonNameId ? name.GetSingleElementValue() ?? "" : CommonName;
            if (type == OrganisationId)
            {
                Organisations.Add(name.GetSingleElementValue() ?? "");
            }
        }

        AlternativeNames = request.CertificateExtensions.FirstOrDefault(extension => extension.Oid?.Value == AlternativeNamesId);
        if (AlternativeNames is not null)
        {
            CountNames(AlternativeNames.RawData);
        }
    }

    /// <summary>The request, its signature checked.</summary>
    public CertificateRequest Request { get; }

    public string CommonName { get; } = "";

    public List<string> Organisations { get; } = [];

    /// <summary>The subject's other names, as they were asked for; null for none.</summary>
    public X509Extension? AlternativeNames { get; }

    public int DnsNames { get; private set; }

    public int EmailAddresses { get; private set; }

    public int IpAddresses { get; private set; }

    public int Uris { get; private set; }

    /// <exception cref="FormatException">This is no request, or it was not signed by the key that it is for.</exception>
    public static AskedCertificate Read(byte[] pem)
    {
        try
        {
            return new AskedCertificate(CertificateRequest.LoadSigningRequestPem(
                Encoding.ASCII.GetString(pem),
                HashAlgorithmName.SHA256,
                CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions,
                RSASignaturePadding.Pkcs1));
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or AsnContentException)
        {
            throw new FormatException($"this is no certificate request: {e.Message}", e);
        }
    }

    /// <summary>Counts the names of each sort (RFC 5280, section 4.2.1.6).</summary>
    private void CountNames(byte[] der)
    {
        var names = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        while (names.HasData)
        {
            switch (names.PeekTag().TagValue)
            {
                case 1:
                    EmailAddresses++;
                    break;
                case 2:
                    DnsNames++;
                    break;
                case 6:
                    Uris++;
                    break;
                case 7:
                    IpAddresses++;
                    break;
            }

            names.ReadEncodedValue();
        }
    }
}
